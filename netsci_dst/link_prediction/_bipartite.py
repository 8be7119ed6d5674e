"""A layer's links in both directions, from whatever matrix they come in."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import TopologyError
from ..sparse_check import sound_sparse


@dataclass(frozen=True)
class Bipartite:
    """The links of a layer as CSR by source (``ptr``, ``idx``) and by target (``tptr``, ``tidx``).

    Pointers are int64, indices int32, increasing within a row.
    """

    n_source: int
    n_target: int
    ptr: np.ndarray
    idx: np.ndarray
    tptr: np.ndarray
    tidx: np.ndarray

    @property
    def n_links(self) -> int:
        """Number of links."""
        return len(self.idx)

    @property
    def density(self) -> float:
        """Links over possible links."""
        return self.n_links / max(1, self.n_source * self.n_target)

    @cached_property
    def largest_degree(self) -> int:
        """Largest degree on either side."""
        return int(max(np.diff(self.ptr).max(initial=0), np.diff(self.tptr).max(initial=0)))

    @cached_property
    def transposed(self) -> Bipartite:
        """The same layer with its sides exchanged."""
        return Bipartite(self.n_target, self.n_source, self.tptr, self.tidx, self.ptr, self.idx)

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The four arrays, for the compiled kernels."""
        return self.ptr, self.idx, self.tptr, self.tidx

    @cached_property
    def keys(self) -> np.ndarray:
        """Keys ``source * n_target + target`` of the links, increasing."""
        source = np.repeat(np.arange(self.n_source), np.diff(self.ptr))
        return source * self.n_target + self.idx

    def dense(self) -> np.ndarray:
        """Return the matrix of zeros and ones, float32."""
        matrix = np.zeros((self.n_source, self.n_target), np.float32)
        matrix.reshape(-1)[self.keys] = 1
        return matrix


def is_tensor(adjacency: Any) -> bool:
    """Return whether the object is a torch tensor, without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(adjacency, torch.Tensor)


def bipartite(adjacency: Any) -> Bipartite:
    """Return the layer of an adjacency: numpy array, scipy sparse matrix, or CPU tensor."""
    if isinstance(adjacency, Bipartite):
        return adjacency
    if is_tensor(adjacency):
        adjacency = _tensor_matrix(adjacency.detach().cpu())
    if hasattr(adjacency, "tocsr"):
        return _from_sparse(adjacency)
    try:
        matrix = np.asarray(adjacency)
    except ValueError as error:
        raise TopologyError(f"an adjacency is a matrix of numbers: {error}") from error
    if matrix.ndim != 2 or matrix.dtype.kind not in "buif":
        raise TopologyError(
            f"an adjacency is a matrix of numbers of shape (n_source, n_target), "
            f"not {matrix.dtype} of shape {matrix.shape}"
        )
    if matrix.dtype.kind == "f" and not np.isfinite(matrix).all():
        raise TopologyError("the adjacency holds NaN or infinity; give zeros and ones, or weights")
    keys = np.flatnonzero(matrix)
    return from_keys(keys, *matrix.shape)


def from_keys(keys: np.ndarray, n_source: int, n_target: int) -> Bipartite:
    """Return the layer whose links have the given increasing keys."""
    source, target = np.divmod(keys, max(n_target, 1))
    ptr = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=n_source))])
    return _complete(n_source, n_target, ptr.astype(np.int64), target.astype(np.int32))


def _complete(n_source: int, n_target: int, ptr: np.ndarray, idx: np.ndarray) -> Bipartite:
    import scipy.sparse as sp

    by_source = sp.csr_array((np.ones(len(idx), bool), idx, ptr), shape=(n_source, n_target))
    by_target = by_source.tocsc()
    tptr, tidx = by_target.indptr.astype(np.int64), by_target.indices.astype(np.int32)
    return Bipartite(n_source, n_target, ptr, idx, tptr, tidx)


def _from_sparse(adjacency: Any) -> Bipartite:
    matrix = sound_sparse(adjacency).tocsr().copy()
    if matrix.dtype.kind not in "buif":
        raise TopologyError(f"an adjacency is a matrix of numbers, not of {matrix.dtype}")
    if not np.isfinite(matrix.data).all():
        raise TopologyError("the adjacency holds NaN or infinity; give zeros and ones, or weights")
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    matrix.sort_indices()
    n_source, n_target = matrix.shape
    return _complete(
        n_source, n_target, matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)
    )


def _tensor_matrix(tensor: Any) -> np.ndarray:
    import torch

    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    return tensor.float().numpy() if tensor.dtype == torch.bfloat16 else tensor.numpy()
