"""The links from one population to another, as a sparse matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import TopologyError
from .sparse_check import sound_sparse

if TYPE_CHECKING:
    import scipy.sparse


@dataclass(frozen=True, eq=False)
class Layer:
    """The links from a source to a target population, as a sparse matrix in CSR form.

    Row u of the matrix lists the targets of source neuron u, in increasing order.

    Attributes
    ----------
    name
        The path of the module in the network.
    source, target
        Names of the populations.
    shape
        ``(n_source, n_target)``.
    indptr
        Row starts, shape ``(n_source + 1,)``, int64.
    indices
        Target of each link, shape ``(n_links,)``, int32.
    weights
        Weight of each link, shape ``(n_links,)``, or None when unknown: float32 between two
        populations, float64 within one.
    multiplicity
        For a convolution, the number of non-zero kernel entries behind each link, for a general
        network the number of parallel links that were merged into each; int32.
    directed
        False for an undirected general network, where source and target are one population and
        each link is stored once, with source at most target.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Layer.from_matrix("fc", "input", "output", np.array([[0.5, 0.0], [0.0, -1.0]]))
    >>> layer.n_links, layer.density, layer.sources.tolist(), layer.targets.tolist()
    (2, 0.5, [0, 1], [0, 1])
    """

    name: str
    source: str
    target: str
    shape: tuple[int, int]
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    weights: NDArray[np.float32] | NDArray[np.float64] | None = None
    multiplicity: NDArray[np.int32] | None = None
    directed: bool = True

    def __post_init__(self) -> None:
        put = lambda key, value: object.__setattr__(self, key, value)  # noqa: E731
        put("shape", (int(self.shape[0]), int(self.shape[1])))
        put("indptr", np.ascontiguousarray(self.indptr, dtype=np.int64))
        put("indices", np.ascontiguousarray(self.indices, dtype=np.int32))
        self._check_links()
        if self.weights is not None:
            kind = np.float64 if self.source == self.target else np.float32
            weights = np.ascontiguousarray(self.weights, dtype=kind)
            if weights.shape != (self.n_links,):
                raise self._error(f"has {self.n_links} links but {weights.size} weights")
            if not np.isfinite(weights).all():
                raise self._error("has weights that are NaN or infinite")
            put("weights", weights)
        if self.multiplicity is not None:
            multiplicity = np.ascontiguousarray(self.multiplicity, dtype=np.int32)
            if multiplicity.shape != (self.n_links,) or (multiplicity < 1).any():
                raise self._error("needs a multiplicity of at least 1 for each link")
            put("multiplicity", multiplicity)

    def _check_links(self) -> None:
        n_source, n_target = self.shape
        if n_source < 1 or n_target < 1:
            raise self._error(f"has shape {self.shape}; both sides need a neuron")
        if self.indptr.shape != (n_source + 1,) or self.indptr[0] != 0:
            raise self._error(f"needs {n_source + 1} row starts, the first of them 0")
        if (np.diff(self.indptr) < 0).any() or self.indptr[-1] != self.indices.size:
            raise self._error("has row starts that do not match its links")
        if self.indices.size:
            if self.indices.min() < 0 or self.indices.max() >= n_target:
                raise self._error(f"has links to targets outside 0..{n_target - 1}")
            step = np.diff(self.indices.astype(np.int64))
            new_row = np.zeros(self.indices.size - 1, dtype=bool)
            starts = self.indptr[1:-1]
            starts = starts[(starts > 0) & (starts < self.indices.size)]
            new_row[starts - 1] = True
            if ((step <= 0) & ~new_row).any():
                raise self._error("has links that are repeated or out of order")
        if not self.directed and (self.sources > self.indices).any():
            raise self._error("is undirected, so each link's source must not exceed its target")

    def _error(self, what: str) -> TopologyError:
        return TopologyError(f"layer {self.name!r} {what}")

    @classmethod
    def from_links(
        cls,
        name: str,
        source: str,
        target: str,
        shape: tuple[int, int],
        sources: ArrayLike,
        targets: ArrayLike,
        weights: ArrayLike | None = None,
        multiplicity: ArrayLike | None = None,
        directed: bool = True,
    ) -> Layer:
        """Build a layer from link end points in any order.

        Raises
        ------
        TopologyError
            If an end lies outside the shape or a link is repeated.
        """
        u = np.asarray(sources, dtype=np.int64).ravel()
        v = np.asarray(targets, dtype=np.int64).ravel()
        if u.shape != v.shape:
            raise TopologyError(f"layer {name!r} has {u.size} sources but {v.size} targets")
        if u.size and (u.min() < 0 or u.max() >= shape[0] or v.min() < 0 or v.max() >= shape[1]):
            raise TopologyError(f"layer {name!r} has links outside its shape {tuple(shape)}")
        if not directed:
            u, v = np.minimum(u, v), np.maximum(u, v)
        order = np.lexsort((v, u))
        indptr = np.zeros(shape[0] + 1, dtype=np.int64)
        np.cumsum(np.bincount(u, minlength=shape[0]), out=indptr[1:])

        def in_order(values: ArrayLike | None, what: str) -> NDArray[Any] | None:
            if values is None:
                return None
            if np.size(values) != u.size:
                raise TopologyError(
                    f"layer {name!r} has {u.size} links but {np.size(values)} {what}"
                )
            return np.asarray(values).ravel()[order]

        return cls(
            name,
            source,
            target,
            shape,
            indptr,
            v[order].astype(np.int32),
            in_order(weights, "weights"),
            in_order(multiplicity, "multiplicities"),
            directed,
        )

    @classmethod
    def from_matrix(cls, name: str, source: str, target: str, matrix: Any) -> Layer:
        """Build a layer from a dense array or scipy sparse matrix ``(n_source, n_target)``.

        Non-zero entries are links; a boolean matrix gives links without weights.
        """
        import scipy.sparse

        if not scipy.sparse.issparse(matrix):
            matrix = np.asarray(matrix)
            if matrix.ndim != 2:
                raise TopologyError(
                    f"layer {name!r} needs a matrix, not an array of shape {matrix.shape}"
                )
            if matrix.dtype.kind not in "biuf":
                raise TopologyError(f"layer {name!r} needs a matrix of real numbers")
        csr = scipy.sparse.csr_array(
            sound_sparse(matrix), copy=True
        )  # what the caller holds stays as it is
        csr.sum_duplicates()
        csr.eliminate_zeros()
        weights = None if csr.dtype == bool else csr.data
        return cls(name, source, target, csr.shape, csr.indptr, csr.indices, weights)

    @property
    def n_links(self) -> int:
        """Number of links."""
        return int(self.indices.size)

    @property
    def n_entries(self) -> int:
        """Number of weights that are not zero: those of all kernels, in a convolution."""
        return self.n_links if self.multiplicity is None else int(self.multiplicity.sum())

    @property
    def n_possible(self) -> int:
        """Number of possible links; within one population a node does not link to itself."""
        if self.source != self.target:
            return self.shape[0] * self.shape[1]
        return self.shape[0] * (self.shape[0] - 1) // (1 if self.directed else 2)

    @property
    def density(self) -> float:
        """Links over possible links."""
        return self.n_links / self.n_possible if self.n_possible else 0.0

    @property
    def sparsity(self) -> float:
        """One minus density."""
        return 1.0 - self.density

    @cached_property
    def sources(self) -> NDArray[np.int32]:
        """Source of each link, shape ``(n_links,)``."""
        return np.repeat(np.arange(self.shape[0], dtype=np.int32), np.diff(self.indptr))

    @property
    def targets(self) -> NDArray[np.int32]:
        """Target of each link, shape ``(n_links,)``."""
        return self.indices

    @cached_property
    def keys(self) -> NDArray[np.int64]:
        """One number per link, ``source * n_target + target``, increasing."""
        return self.sources.astype(np.int64) * self.shape[1] + self.indices

    @cached_property
    def out_degrees(self) -> NDArray[np.int64]:
        """Links that leave each source neuron, shape ``(n_source,)``."""
        return np.diff(self.indptr)

    @cached_property
    def in_degrees(self) -> NDArray[np.int64]:
        """Links that enter each target neuron, shape ``(n_target,)``."""
        return np.bincount(self.indices, minlength=self.shape[1]).astype(np.int64)

    def to_scipy(self, weighted: bool = False) -> scipy.sparse.csr_array:
        """Return the ``(n_source, n_target)`` matrix: booleans, or weights."""
        import scipy.sparse

        if weighted and self.weights is None:
            raise self._error("has no weights stored")
        data = self.weights if weighted else np.ones(self.n_links, dtype=bool)
        return scipy.sparse.csr_array((data, self.indices, self.indptr), shape=self.shape)

    def __repr__(self) -> str:
        return (
            f"Layer({self.name!r}, {self.source!r} -> {self.target!r}, shape={self.shape}, "
            f"links={self.n_links})"
        )
