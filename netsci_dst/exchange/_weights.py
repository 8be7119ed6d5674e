"""Named weights as every reader returns them: (source, target) matrices in order of use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from ..errors import FormatError


@dataclass(frozen=True)
class NamedWeight:
    """The weights of one layer.

    ``matrix`` is ``(n_source, n_target)``, sparse. ``multiplicity``, of the same pattern, counts
    the kernel entries behind each link of a convolution. ``oriented`` is False when rows and
    columns may be either side, as in files that do not say.
    """

    name: str
    matrix: scipy.sparse.csr_array
    multiplicity: scipy.sparse.csr_array | None = None
    oriented: bool = True

    @property
    def is_convolution(self) -> bool:
        """Whether a link stands for kernel entries."""
        return self.multiplicity is not None

    @property
    def is_full(self) -> bool:
        """Whether every possible link is there."""
        return self.matrix.nnz == self.matrix.shape[0] * self.matrix.shape[1]


def sparse(matrix: Any, name: str, threshold: float = 0.0) -> scipy.sparse.csr_array:
    """Return finite float32 weights without those of magnitude at most ``threshold``.

    Raises
    ------
    FormatError
        If a weight is NaN or infinite.
    """
    csr = scipy.sparse.csr_array(matrix)
    if csr.dtype.kind not in "biuf":
        raise FormatError(f"weight {name!r} holds no real numbers")
    csr = csr.astype(np.float32)
    csr.sum_duplicates()
    if not np.isfinite(csr.data).all():
        raise FormatError(f"weight {name!r} holds NaN or infinity")
    csr.data[np.abs(csr.data) <= threshold] = 0
    csr.eliminate_zeros()
    return csr


def from_linear(
    name: str, weight: NDArray[Any], threshold: float, mask: NDArray[Any] | None = None
) -> NamedWeight:
    """Convert a ``(out, in)`` weight; with a mask, links are where the mask is not zero."""
    if mask is None:
        return NamedWeight(name, sparse(weight.T, name, threshold))
    links = scipy.sparse.csr_array(mask.T != 0)
    values = sparse(np.where(mask != 0, weight, 0).T, name)
    rows, columns = links.nonzero()
    data = np.asarray(values[rows, columns], dtype=np.float32).ravel()
    return NamedWeight(
        name, scipy.sparse.csr_array((data, links.indices, links.indptr), links.shape)
    )


def from_convolution(name: str, kernel: NDArray[Any], threshold: float) -> NamedWeight:
    """Convert a ``(out, in, *kernel)`` weight: links join channels.

    A link's weight is the sum of the magnitudes of its kernel entries, as no single sign fits.
    """
    entries = np.ascontiguousarray(kernel, dtype=np.float32)
    entries = entries.reshape(*kernel.shape[:2], -1)
    if not np.isfinite(entries).all():
        raise FormatError(f"weight {name!r} holds NaN or infinity")
    there = np.abs(entries) > threshold
    count = there.sum(-1).T
    magnitude = np.where(there, np.abs(entries), 0).sum(-1).T
    weights = scipy.sparse.csr_array(magnitude.astype(np.float32))
    return NamedWeight(name, weights, scipy.sparse.csr_array(count.astype(np.int32)))


def from_state(
    tensors: Mapping[str, NDArray[Any]],
    threshold: float = 0.0,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
) -> list[NamedWeight]:
    """Pick the layers out of a PyTorch state dict, given as numpy arrays.

    Names ending in ``weight`` with two or more dimensions are layers, unless they are embeddings
    or positions. Of ``weight_orig`` with ``weight_mask`` (``torch.nn.utils.prune``) the mask says
    what is a link.
    Patterns are those of a shell, matched against the layer's name.
    """
    include, exclude = tuple(include), tuple(exclude)
    found = []
    for key, value in tensors.items():
        layer, _, leaf = key.rpartition(".")
        name = layer or key
        mask = None
        if leaf == "weight_orig":
            mask = tensors.get(f"{layer}.weight_mask" if layer else "weight_mask")
            if mask is None or mask.shape != value.shape:
                raise FormatError(f"{key!r} has no weight_mask of its shape beside it")
        elif leaf != "weight" or value.ndim < 2:
            continue
        if include and not any(fnmatchcase(name, pattern) for pattern in include):
            continue
        if any(fnmatchcase(name, pattern) for pattern in exclude):
            continue
        if not include and _is_table(name):
            continue
        if value.ndim == 2:
            found.append(from_linear(name, value, threshold, mask))
        else:
            kept = value if mask is None else np.where(mask != 0, value, 0)
            found.append(from_convolution(name, kept, threshold))
    return found


def _is_table(name: str) -> bool:
    # Embeddings are look-up tables: their rows are tokens or positions, not neurons.
    leaf = name.lower().rsplit(".", 1)[-1]
    return "embed" in leaf or leaf in ("wte", "wpe", "shared", "position_embeddings")
