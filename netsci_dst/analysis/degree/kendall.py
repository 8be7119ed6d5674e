"""Kendall's tau-b of integers by counting in sorted order."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


def kendall_tau_b(a: NDArray, b: NDArray) -> float:
    """Return tau-b of two arrays of one size; NaN when either is constant (Knight's algorithm)."""
    if a.size < 2:
        return math.nan
    _, x = np.unique(a, return_inverse=True)
    _, y = np.unique(b, return_inverse=True)
    if x.max() == 0 or y.max() == 0:
        return math.nan
    order = np.lexsort((y, x))
    discordant, tied_both = _count(x[order], y[order])
    pairs = a.size * (a.size - 1) // 2
    tied_x, tied_y = _tied(x), _tied(y)
    difference = pairs - tied_x - tied_y + tied_both - 2 * discordant
    tau = difference / math.sqrt(pairs - tied_x) / math.sqrt(pairs - tied_y)
    return float(min(1.0, max(-1.0, tau)))


def _tied(ranks: NDArray[np.int64]) -> int:
    counts = np.bincount(ranks)
    return int((counts * (counts - 1) // 2).sum())


@njit(cache=True, nogil=True)
def _count(x, y):
    """Return discordant pairs and pairs tied in both, of values sorted by x and then y."""
    n = x.size
    seen = np.zeros(y.max() + 2, np.int64)  # a Fenwick tree over the ranks of y
    discordant, tied_both = 0, 0
    start = 0
    while start < n:
        end = start
        while end < n and x[end] == x[start]:
            end += 1
        for i in range(start, end):
            k = y[i] + 1
            above = start
            while k > 0:
                above -= seen[k]
                k -= k & -k
            discordant += above
        run = 1
        for i in range(start, end):
            k = y[i] + 1
            while k < seen.size:
                seen[k] += 1
                k += k & -k
            if i > start and y[i] == y[i - 1]:
                tied_both += run
                run += 1
            else:
                run = 1
        start = end
    return discordant, tied_both
