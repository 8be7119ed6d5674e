"""The k-core decomposition by the bucket algorithm of Batagelj and Zaveršnik."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def core_numbers(indptr: NDArray[Any], indices: NDArray[Any]) -> NDArray[np.int64]:
    """Return the coreness of each node of a symmetric adjacency in CSR form without self-loops.

    Takes time proportional to the links: nodes are kept in order of remaining degree, and the
    removal of a node moves each neighbour of higher degree one bucket down.
    """
    n = indptr.size - 1
    degree = np.empty(n, np.int64)
    highest = 0
    for v in range(n):
        degree[v] = indptr[v + 1] - indptr[v]
        highest = max(highest, degree[v])
    first = np.zeros(highest + 2, np.int64)
    for v in range(n):
        first[degree[v] + 1] += 1
    for d in range(highest + 1):
        first[d + 1] += first[d]
    order, place, filled = np.empty(n, np.int64), np.empty(n, np.int64), first.copy()
    for v in range(n):
        place[v] = filled[degree[v]]
        order[place[v]] = v
        filled[degree[v]] += 1
    for i in range(n):
        v = order[i]
        for e in range(indptr[v], indptr[v + 1]):
            w = indices[e]
            if degree[w] > degree[v]:
                # Swap w with the first node of its bucket, which then starts one later.
                start = first[degree[w]]
                other = order[start]
                if other != w:
                    order[start], order[place[w]] = w, other
                    place[other], place[w] = place[w], start
                first[degree[w]] += 1
                degree[w] -= 1
    return degree
