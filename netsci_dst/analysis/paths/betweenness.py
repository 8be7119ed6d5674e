"""Betweenness of nodes by Brandes's algorithm (2001)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

_LANES = 16  # sources treated at once
_LONG = 14  # from this eccentricity on, one source after another is quicker


def betweenness(matrix: Any) -> NDArray[np.float64]:
    """Return, for each node, the sum over unordered pairs of the share of paths through it."""
    from .distances import _eccentricity

    indptr, indices = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)
    if matrix.nnz == 0:
        return np.zeros(matrix.shape[0])
    kernel = _one_by_one if _eccentricity(indptr, indices) > _LONG else _together
    return kernel(indptr, indices)


@njit(cache=True)
def _one_by_one(indptr, indices):
    n = indptr.size - 1
    total = np.zeros(n)
    level = np.full(n, -1, dtype=np.int32)
    paths = np.zeros(n)
    gain = np.zeros(n)
    queue = np.empty(n, dtype=np.int32)
    for source in range(n):
        queue[0] = source
        level[source] = 0
        paths[source] = 1.0
        head, tail = 0, 1
        while head < tail:
            v = queue[head]
            head += 1
            below = level[v] + 1
            for e in range(indptr[v], indptr[v + 1]):
                u = indices[e]
                if level[u] < 0:
                    level[u] = below
                    queue[tail] = u
                    tail += 1
                if level[u] == below:
                    paths[u] += paths[v]
        for i in range(tail - 1, 0, -1):
            v = queue[i]
            above = level[v] - 1
            each = (1.0 + gain[v]) / paths[v]
            for e in range(indptr[v], indptr[v + 1]):
                u = indices[e]
                if level[u] == above:
                    gain[u] += each * paths[u]
            total[v] += gain[v]
        for i in range(tail):
            v = queue[i]
            level[v] = -1
            paths[v] = 0.0
            gain[v] = 0.0
    return total / 2.0


@njit(cache=True)
def _together(indptr, indices):
    """Level by level for many sources, without branches in the loop over links."""
    n = indptr.size - 1
    total = np.zeros(n)
    level = np.empty((n, _LANES), dtype=np.int32)
    paths = np.empty((n, _LANES))
    gain = np.empty((n, _LANES))
    front = np.empty((n, _LANES))
    new = np.empty((n, _LANES))
    acc = np.empty(_LANES)
    for first in range(0, n, _LANES):
        count = min(_LANES, n - first)
        level[:] = -1
        paths[:] = 0.0
        gain[:] = 0.0
        front[:] = 0.0
        for k in range(count):
            level[first + k, k] = 0
            paths[first + k, k] = 1.0
            front[first + k, k] = 1.0
        depth = 0
        growing = True
        while growing:
            growing = False
            depth += 1
            for v in range(n):
                settled = True
                for k in range(_LANES):
                    new[v, k] = 0.0
                    acc[k] = 0.0
                    settled = settled and level[v, k] >= 0
                if settled:
                    continue
                for e in range(indptr[v], indptr[v + 1]):
                    u = indices[e]
                    for k in range(_LANES):
                        acc[k] += front[u, k]
                for k in range(_LANES):
                    if level[v, k] < 0 and acc[k] > 0.0:
                        level[v, k] = depth
                        paths[v, k] = acc[k]
                        new[v, k] = acc[k]
                        growing = True
            front, new = new, front
        for d in range(depth - 1, 0, -1):
            for v in range(n):
                for k in range(_LANES):
                    front[v, k] = (1.0 + gain[v, k]) / paths[v, k] if level[v, k] == d else 0.0
            for u in range(n):
                needed = False
                for k in range(_LANES):
                    acc[k] = 0.0
                    needed = needed or level[u, k] == d - 1
                if not needed:
                    continue
                for e in range(indptr[u], indptr[u + 1]):
                    v = indices[e]
                    for k in range(_LANES):
                        acc[k] += front[v, k]
                for k in range(_LANES):
                    if level[u, k] == d - 1:
                        gain[u, k] += paths[u, k] * acc[k]
        for v in range(n):
            for k in range(count):
                if level[v, k] > 0:
                    total[v] += gain[v, k]
    return total / 2.0
