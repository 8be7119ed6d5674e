"""Minimum curvilinearity: the minimum spanning tree and the distances along it."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
from numba import njit
from numpy.typing import NDArray


def tree_distances(graph: scipy.sparse.csr_array) -> NDArray[np.float64]:
    """Return distances ``(n, n)`` along Kruskal's minimum spanning tree of a connected graph.

    Links of equal length are taken in order of their lower, then their higher end.
    """
    upper: Any = scipy.sparse.csr_array(scipy.sparse.triu(graph, k=1))
    upper = upper.sorted_indices().tocoo()
    u, v = upper.row.astype(np.int64), upper.col.astype(np.int64)
    order = np.argsort(upper.data, kind="stable")
    kept = order[_kruskal(graph.indptr.size - 1, u[order], v[order])]
    ends = (np.concatenate([u[kept], v[kept]]), np.concatenate([v[kept], u[kept]]))
    lengths = np.concatenate([upper.data[kept]] * 2)
    tree = scipy.sparse.coo_array((lengths, ends), shape=graph.shape).tocsr()
    return _walk(tree.indptr.astype(np.int64), tree.indices.astype(np.int64), tree.data)


@njit(cache=True)
def _kruskal(n, u, v):
    parent = np.arange(n)
    kept = np.zeros(u.size, np.bool_)
    for e in range(u.size):
        a, b = u[e], v[e]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a != b:
            parent[b] = a
            kept[e] = True
    return kept


@njit(cache=True)
def _walk(indptr, indices, lengths):
    n = indptr.size - 1
    out = np.full((n, n), np.inf)
    seen = np.empty(n, np.int64)
    placed = np.zeros(n, np.bool_)
    seen[0], placed[0], count = 0, True, 1
    out[0, 0] = 0.0
    position = 0
    while position < count:
        node = seen[position]
        position += 1
        for e in range(indptr[node], indptr[node + 1]):
            child = indices[e]
            if placed[child]:
                continue
            for i in range(count):
                other = seen[i]
                distance = out[node, other] + lengths[e]
                out[child, other] = distance
                out[other, child] = distance
            out[child, child] = 0.0
            placed[child] = True
            seen[count] = child
            count += 1
    return out
