"""Size of the largest component after every removal, by adding nodes back in reverse."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def _root(parent: NDArray[Any], v: int) -> int:
    while parent[v] != v:
        parent[v] = parent[parent[v]]
        v = parent[v]
    return v


@njit(cache=True)
def largest_components(
    indptr: NDArray[Any], indices: NDArray[Any], order: NDArray[Any]
) -> NDArray[np.int64]:
    """Return, for k = 0 to n, the largest component without the first k nodes of ``order``."""
    n = order.size
    parent = np.arange(n)
    size = np.ones(n, dtype=np.int64)
    present = np.zeros(n, dtype=np.bool_)
    largest = np.zeros(n + 1, dtype=np.int64)
    for k in range(n - 1, -1, -1):
        v = order[k]
        present[v] = True
        a = v
        for e in range(indptr[v], indptr[v + 1]):
            if present[indices[e]]:
                b = _root(parent, indices[e])
                if a != b:
                    if size[a] < size[b]:
                        a, b = b, a
                    parent[b] = a
                    size[a] += size[b]
        largest[k] = max(largest[k + 1], size[a])
    return largest
