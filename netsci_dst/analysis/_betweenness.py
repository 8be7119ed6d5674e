"""Betweenness of nodes by Brandes's algorithm (2001)."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def betweenness(indptr, indices):
    """Return, for each node, the sum over unordered pairs of the share of paths through it."""
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
