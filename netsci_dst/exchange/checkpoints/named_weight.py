"""Named weights as every reader returns them: (source, target) matrices in order of use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from ...errors import FormatError
from ...reading import one_line


@dataclass(frozen=True)
class Options:
    """What of a checkpoint is taken.

    Attributes
    ----------
    threshold
        Weights of at most this magnitude count as absent.
    include, exclude
        Shell patterns of layer names.
    """

    threshold: float = 0.0
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def wants(self, name: str) -> bool:
        """Return whether a layer of that name is taken."""
        if self.include and not any(fnmatchcase(name, pattern) for pattern in self.include):
            return False
        return not any(fnmatchcase(name, pattern) for pattern in self.exclude)


@dataclass(frozen=True)
class NamedWeight:
    """The weights of one layer.

    ``matrix`` is ``(n_source, n_target)``, sparse. ``multiplicity``, of the same pattern, counts
    the entries behind each link: of a convolution's kernel, or of the gates of a recurrent cell.
    ``oriented`` is False when rows and columns may be either side, as in files that do not say;
    ``at_least`` is True when there may be more sources, without links, than the file tells.
    """

    name: str
    matrix: scipy.sparse.csr_array
    multiplicity: scipy.sparse.csr_array | None = None
    oriented: bool = True
    at_least: bool = False

    @property
    def is_convolution(self) -> bool:
        """Whether a link stands for several entries."""
        return self.multiplicity is not None

    @property
    def is_full(self) -> bool:
        """Whether every possible link is there."""
        return self.matrix.nnz == self.matrix.shape[0] * self.matrix.shape[1]

    @property
    def n_bytes(self) -> int:
        """What the layer takes in memory, in bytes."""
        parts = [self.matrix] if self.multiplicity is None else [self.matrix, self.multiplicity]
        return sum(p.data.nbytes + p.indices.nbytes + p.indptr.nbytes for p in parts)

    def turned(self) -> NamedWeight:
        """Return the layer with its sides exchanged."""
        other = self.multiplicity
        return replace(
            self,
            matrix=scipy.sparse.csr_array(self.matrix.T),
            multiplicity=None if other is None else scipy.sparse.csr_array(other.T),
            oriented=True,
        )

    def columns(self, chosen: NDArray[np.int64], name: str) -> NamedWeight:
        """Return the layer to some of the targets, in the order given."""
        other = self.multiplicity
        return replace(
            self,
            name=name,
            matrix=scipy.sparse.csr_array(self.matrix[:, chosen]),
            multiplicity=None if other is None else scipy.sparse.csr_array(other[:, chosen]),
        )


@dataclass
class Found:
    """The layers of a checkpoint and what is known of their order.

    ``ordered`` is False when a file keeps its tensors by name, not in order of use; ``config`` is
    the ``config.json`` beside them.
    """

    weights: list[NamedWeight]
    ordered: bool = True
    config: dict[str, Any] = field(default_factory=dict)


def real(values: Any, name: str) -> Any:
    """Return values of any number type, half precisions included, as float64 or float32.

    Raises
    ------
    FormatError
        If they are not real numbers, or NaN or infinite.
    """
    kind = values.dtype
    if kind.kind in "OUSmMc":
        raise FormatError(f"weight {one_line(name)!r} holds no real numbers")
    try:
        wide = values.astype(np.float64 if kind in (np.float64, np.int64) else np.float32)
    except (TypeError, ValueError) as error:
        raise FormatError(f"weight {one_line(name)!r} holds no real numbers") from error
    if not np.isfinite(wide.data if scipy.sparse.issparse(wide) else wide).all():
        raise FormatError(f"weight {one_line(name)!r} holds NaN or infinity")
    return wide


def sparse(matrix: Any, name: str, threshold: float = 0.0) -> scipy.sparse.csr_array:
    """Return finite float32 weights without those of magnitude at most ``threshold``.

    What is not zero in the file stays a link, also where it is too small for float32.
    """
    csr = scipy.sparse.csr_array(real(matrix, name))
    csr.sum_duplicates()
    kept = np.abs(csr.data) > threshold
    csr.data[~kept] = 0
    csr.eliminate_zeros()
    csr.sort_indices()
    with np.errstate(over="ignore"):
        narrow = csr.astype(np.float32)
    if not np.isfinite(narrow.data).all():
        raise FormatError(f"weight {one_line(name)!r} is beyond the range of float32")
    return narrow


def selected(found: Iterable[NamedWeight], options: Options) -> list[NamedWeight]:
    """Return the layers that the options want."""
    return [weight for weight in found if options.wants(weight.name)]
