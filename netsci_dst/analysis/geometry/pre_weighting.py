"""Pre-weighting of links by local topology: the repulsion-attraction rules and betweenness."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
from numba import njit
from numpy.typing import NDArray

from ...link_prediction.ties import snap_ties

PRE_WEIGHTINGS = ("none", "RA1", "RA2", "EBC")


def weighted(adjacency: scipy.sparse.csr_array, rule: str) -> scipy.sparse.csr_array:
    """Return the symmetric matrix of link lengths under a pre-weighting rule.

    Source: Muscoloni et al. 2017, equations 1 to 3. ``RA1`` is
    ``(d_i + d_j + d_i d_j) / (1 + CN)``, ``RA2`` is ``(1 + e_i + e_j + e_i e_j) / (1 + CN)`` with
    ``e`` the links that go neither to a common neighbour nor to the other end, and ``EBC`` the
    unnormalised edge betweenness, each pair of nodes counted once.
    """
    indptr = adjacency.indptr.astype(np.int64)
    indices = adjacency.indices.astype(np.int32)
    if rule == "none":
        data = np.ones(indices.size)
    elif rule == "EBC":
        data = _betweenness(indptr, indices)
    else:
        degree = np.diff(indptr)
        rows = np.repeat(np.arange(degree.size), degree)
        common = common_neighbours(indptr, indices)
        a, b = degree[rows].astype(np.float64), degree[indices].astype(np.float64)
        if rule == "RA1":
            data = (a + b + a * b) / (1.0 + common)
        else:
            a, b = a - common - 1.0, b - common - 1.0
            data = (1.0 + a + b + a * b) / (1.0 + common)
    return scipy.sparse.csr_array((data, indices, indptr), shape=adjacency.shape)


@njit(cache=True)
def common_neighbours(indptr: NDArray[Any], indices: NDArray[Any]) -> NDArray[np.int64]:
    """Count, for each stored link of a symmetric CSR matrix, the neighbours its ends share."""
    n = indptr.size - 1
    out = np.zeros(indices.size, np.int64)
    mark = np.full(n, -1, np.int64)
    for u in range(n):
        for e in range(indptr[u], indptr[u + 1]):
            mark[indices[e]] = u
        d_u = indptr[u + 1] - indptr[u]
        for e in range(indptr[u], indptr[u + 1]):
            v = indices[e]
            d_v = indptr[v + 1] - indptr[v]
            if d_v > d_u or (d_v == d_u and v > u):
                continue
            shared = 0
            for f in range(indptr[v], indptr[v + 1]):
                shared += mark[indices[f]] == u
            out[e] = shared
            low, high = indptr[v], indptr[v + 1]
            while low < high:
                middle = (low + high) // 2
                if indices[middle] < u:
                    low = middle + 1
                else:
                    high = middle
            out[low] = shared
    return out


def _betweenness(indptr: NDArray[np.int64], indices: NDArray[np.int32]) -> NDArray[np.float64]:
    import igraph

    n = indptr.size - 1
    rows = np.repeat(np.arange(n), np.diff(indptr))
    upper = rows < indices
    graph = igraph.Graph(n=n, edges=np.column_stack([rows[upper], indices[upper]]))
    # Equal lengths must be equal numbers: Kruskal's tree takes ties in the order of the links.
    lengths = snap_ties(np.array(graph.edge_betweenness(directed=False), dtype=np.float64))
    half = scipy.sparse.coo_array((lengths, (rows[upper], indices[upper])), shape=(n, n))
    return (half + half.T).tocsr().sorted_indices().data
