"""Kernels over paths of length three and cycles of four, and over triangles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


def arrays(matrix: Any) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return row starts and sorted column indices of a CSR matrix in the kernels' types."""
    if not matrix.has_sorted_indices:
        matrix = matrix.sorted_indices()
    return np.asarray(matrix.indptr, np.int64), np.asarray(matrix.indices, np.int32)


@njit(cache=True)
def four_cycles(indptr: NDArray[Any], indices: NDArray[Any]) -> tuple[Any, NDArray[np.float64]]:
    """Return the number of cycles of length four, and Latapy's clustering of each node.

    Every pair of nodes with c common neighbours closes c (c − 1) / 2 cycles, and every cycle has
    two such pairs. Latapy's coefficient is the mean Jaccard overlap with nodes at distance two.
    """
    n = indptr.size - 1
    common = np.zeros(n, dtype=np.int32)
    touched = np.empty(n, dtype=np.int32)
    local = np.zeros(n)
    twice = 0
    for u in range(n):
        count = 0
        for e in range(indptr[u], indptr[u + 1]):
            z = indices[e]
            for f in range(indptr[z], indptr[z + 1]):
                w = indices[f]
                if w != u:
                    if common[w] == 0:
                        touched[count] = w
                        count += 1
                    common[w] += 1
        degree = indptr[u + 1] - indptr[u]
        total = 0.0
        for i in range(count):
            w = touched[i]
            c = common[w]
            common[w] = 0
            if w > u:
                twice += c * (c - 1) // 2
            total += c / (degree + indptr[w + 1] - indptr[w] - c)
        if count:
            local[u] = total / count
    return twice // 2, local


@njit(cache=True)
def triangles(indptr: NDArray[Any], indices: NDArray[Any]) -> NDArray[np.int64]:
    """Return the number of triangles at each node."""
    n = indptr.size - 1
    mark = np.zeros(n, dtype=np.bool_)
    number = np.zeros(n, dtype=np.int64)
    for u in range(n):
        for e in range(indptr[u], indptr[u + 1]):
            mark[indices[e]] = True
        for e in range(indptr[u], indptr[u + 1]):
            v = indices[e]
            if v <= u:
                continue
            for f in range(indptr[v], indptr[v + 1]):
                w = indices[f]
                if w > v and mark[w]:
                    number[u] += 1
                    number[v] += 1
                    number[w] += 1
        for e in range(indptr[u], indptr[u + 1]):
            mark[indices[e]] = False
    return number


@njit(cache=True)
def local_communities(
    indptr: NDArray[Any], indices: NDArray[Any], sources: NDArray[Any], targets: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each link: number of its common neighbours, and of the links among these."""
    n = indptr.size - 1
    mark = np.zeros(n, dtype=np.bool_)
    near = np.empty(n, dtype=np.int32)
    neighbours = np.zeros(sources.size, dtype=np.int64)
    links = np.zeros(sources.size, dtype=np.int64)
    for i in range(sources.size):
        u, v = sources[i], targets[i]
        count = 0
        a, b = indptr[u], indptr[v]
        while a < indptr[u + 1] and b < indptr[v + 1]:
            if indices[a] < indices[b]:
                a += 1
            elif indices[a] > indices[b]:
                b += 1
            else:
                near[count] = indices[a]
                mark[indices[a]] = True
                count += 1
                a += 1
                b += 1
        inside = 0
        for k in range(count):
            for e in range(indptr[near[k]], indptr[near[k] + 1]):
                if mark[indices[e]]:
                    inside += 1
        for k in range(count):
            mark[near[k]] = False
        neighbours[i] = count
        links[i] = inside // 2
    return neighbours, links


@njit(cache=True)
def local_communities_of_four(
    indptr: NDArray[Any], indices: NDArray[Any], sources: NDArray[Any], targets: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each link u–v: number of nodes on paths u–z1–z2–v, and of these paths' middle links."""
    n = indptr.size - 1
    stamp = np.full(n, -1, dtype=np.int64)  # neighbours of v, marked by their link
    seen = np.full(n, -1, dtype=np.int64)  # second nodes of paths that were counted
    nodes = np.zeros(sources.size, dtype=np.int64)
    links = np.zeros(sources.size, dtype=np.int64)
    for i in range(sources.size):
        u, v = sources[i], targets[i]
        for e in range(indptr[v], indptr[v + 1]):
            if indices[e] != u:
                stamp[indices[e]] = i
        for e in range(indptr[u], indptr[u + 1]):
            z1 = indices[e]
            if z1 == v:
                continue
            through = 0
            for f in range(indptr[z1], indptr[z1 + 1]):
                z2 = indices[f]
                if stamp[z2] == i:
                    through += 1
                    if seen[z2] != i:
                        seen[z2] = i
                        nodes[i] += 1
            if through:
                nodes[i] += 1
                links[i] += through
    return nodes, links
