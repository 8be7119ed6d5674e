"""CHT's gamma: the exponent on plfit's grid, as the radial coordinates of the embedding use it."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .distance import INTEGER, LOWER, REAL, distance_at, exponent, suffixes
from .search import RECENT, out_of_reach
from .zeta import scaled_zeta

GRID_LOW, GRID_HIGH, GRID_STEP = 1.01, 10.0, 0.01
_SMALL_SAMPLE = 100
_CONTINUOUS_FROM = 1000


def gamma_on_grid(u: NDArray[np.float64], counts: NDArray[np.int64]) -> float:
    """Return gamma of distinct positive values and their counts; NaN for a single value.

    Integers: the exponent on the grid 1.01, 1.02, ..., 10 of greatest likelihood for each
    candidate xmin, the xmin of least KS distance (the smallest of equals), the largest value no
    candidate. Real numbers, and more than 100 integers all above 1000: the continuous estimator,
    off the grid. Fewer than 100 values: gamma becomes ``gamma (n - 1) / n + 1 / n`` with n the
    size of the tail.
    """
    n = int(counts.sum())
    if u.size < 2:
        return math.nan
    kind = INTEGER if (u == np.floor(u)).all() else REAL
    if u[0] > _CONTINUOUS_FROM and n > _SMALL_SAMPLE:
        kind = REAL
    logs = np.log(u)
    tail, tail_logs = np.empty(u.size + 1, np.int64), np.empty(u.size + 1)
    suffixes(logs, counts, u.size, tail, tail_logs)
    gamma, n_tail = _search(u, logs, tail, tail_logs, kind)
    if n < _SMALL_SAMPLE:
        gamma = gamma * (n_tail - 1) / n_tail + 1 / n_tail
    return float(gamma)


@njit(cache=True, nogil=True)
def _search(u, logs, tail, tail_logs, kind):
    best, n_tail, limit = math.nan, 0, math.inf
    seen, n_seen = np.zeros(RECENT, np.int64), 0
    compared = INTEGER if kind == INTEGER else LOWER
    last = u.size - 1
    # Twice over: a coarse pass gives a bound that lets most candidates be passed over.
    for stride in (max(1, last // 64), 1):
        for i in range(0, last, stride):
            s = exponent(u[i], logs[i], tail[i], tail_logs[i], kind)
            if kind == INTEGER:
                s = _on_grid(s, u[i], tail_logs[i] / tail[i] - logs[i])
            if out_of_reach(u, logs, tail, u.size, i, s, compared, limit, seen, n_seen):
                continue
            d, where = distance_at(u, logs, tail, u.size, i, u[i], logs[i], s, compared, limit)
            seen[n_seen % RECENT] = where
            n_seen += 1
            if d < limit:
                best, limit, n_tail = s, d, tail[i]
        if stride > 1:
            limit = limit * (1.0 + 1e-12) + 1e-300
    return best, n_tail


@njit(cache=True, nogil=True)
def _on_grid(free, q, excess):
    """Return the grid point of greatest likelihood: a neighbour of the free optimum (concavity)."""
    if free >= GRID_HIGH:
        return GRID_HIGH
    if free <= GRID_LOW:
        return GRID_LOW
    k = math.floor((free - GRID_LOW) / GRID_STEP)
    low = round(GRID_LOW + GRID_STEP * k, 2)
    high = min(GRID_HIGH, round(GRID_LOW + GRID_STEP * (k + 1), 2))
    loss_low = math.log(scaled_zeta(low, q)) + low * excess
    loss_high = math.log(scaled_zeta(high, q)) + high * excess
    return low if loss_low <= loss_high else high
