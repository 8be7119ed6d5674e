"""Compiled search for xmin: candidates that cannot win are passed over.

The gap between data and fit at any one position is no more than the KS distance. It is therefore
looked at first where earlier candidates were farthest off, and at some positions spread over the
data: a candidate whose gap there is not below the best distance so far cannot win. Few are left
for a full look, and the result is that of the full search.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .distance import INTEGER, OBSERVED, distance, distance_at, exponent, gap_at
from .zeta import scaled_zeta

RECENT = 32  # positions remembered where candidates were farthest off
_SPREAD = 64
_FEW = 4 * _SPREAD  # below so many values the full look is as quick


@njit(cache=True, nogil=True)
def out_of_reach(
    u: NDArray[Any],
    logs: NDArray[Any],
    tail: NDArray[Any],
    size: int,
    start: int,
    s: float,
    kind: int,
    limit: float,
    seen: NDArray[Any],
    n_seen: int,
) -> bool:
    """Return whether a look at some positions shows a distance of at least ``limit``."""
    if size - start < _FEW:
        return False
    q, log_q = u[start], logs[start]
    norm = 1.0 / scaled_zeta(s, q) if kind in (INTEGER, OBSERVED) else 0.0
    for k in range(min(n_seen, seen.size)):
        j = seen[(n_seen - 1 - k) % seen.size]
        if j >= start and gap_at(u, logs, tail, start, j, q, log_q, s, kind, norm) >= limit:
            return True
    step = (size - start) // _SPREAD
    for j in range(start, size, step):
        if gap_at(u, logs, tail, start, j, q, log_q, s, kind, norm) >= limit:
            return True
    return False


@njit(cache=True, nogil=True)
def search(
    u: NDArray[Any],
    logs: NDArray[Any],
    tail: NDArray[Any],
    tail_logs: NDArray[Any],
    size: int,
    kind: int,
    first: int,
    last: int,
) -> tuple[int, float, float]:
    """Return position, exponent and KS distance of the best candidate; position -1 for none.

    Candidates are the positions from ``first`` to before ``last``; of equal distances the smallest
    xmin counts.
    """
    seen, n_seen = np.zeros(RECENT, np.int64), 0
    limit = math.inf
    # A coarse pass gives a bound that lets most candidates be abandoned early.
    for i in range(first, last, max(1, (last - first) // 64)):
        s = exponent(u[i], logs[i], tail[i], tail_logs[i], kind)
        d, where = distance_at(u, logs, tail, size, i, u[i], logs[i], s, kind, limit)
        seen[n_seen % RECENT] = where
        n_seen += 1
        limit = min(limit, d)
    limit = limit * (1.0 + 1e-12) + 1e-300
    best, best_s = -1, math.nan
    for i in range(first, last):
        s = exponent(u[i], logs[i], tail[i], tail_logs[i], kind)
        if out_of_reach(u, logs, tail, size, i, s, kind, limit, seen, n_seen):
            continue
        d, where = distance_at(u, logs, tail, size, i, u[i], logs[i], s, kind, limit)
        seen[n_seen % RECENT] = where
        n_seen += 1
        if d < limit:
            best, best_s, limit = i, s, d
    return best, best_s, limit


@njit(cache=True, nogil=True)
def exceeds(
    u: NDArray[Any],
    logs: NDArray[Any],
    tail: NDArray[Any],
    tail_logs: NDArray[Any],
    size: int,
    xmin: float,
    log_xmin: float,
    fixed: bool,
    kind: int,
    ks: float,
    lowest: float,
    highest: float,
) -> bool:
    """Return whether the best fit of a replicate is at least as far off as ``ks``.

    The replicate is refitted with its own xmin between ``lowest`` and ``highest``, from the
    original xmin outwards, and given up as soon as one candidate comes closer than ``ks``: that
    decides.
    """
    start = int(np.searchsorted(u[:size], xmin))
    if fixed:
        if start >= size:
            return False
        s = exponent(xmin, log_xmin, tail[start], tail_logs[start], kind)
        if s == math.inf:
            return False
        return distance(u, logs, tail, size, start, xmin, log_xmin, s, kind, ks) >= ks
    first = int(np.searchsorted(u[:size], lowest))
    last = min(size - 1, int(np.searchsorted(u[:size], highest, side="right")))
    if last <= first:
        return False
    start = min(max(start, first), last)
    seen, n_seen = np.zeros(RECENT, np.int64), 0
    for step in range(last - first):
        i = start + step if start + step < last else last - 1 - step
        s = exponent(u[i], logs[i], tail[i], tail_logs[i], kind)
        if out_of_reach(u, logs, tail, size, i, s, kind, ks, seen, n_seen):
            continue
        d, where = distance_at(u, logs, tail, size, i, u[i], logs[i], s, kind, ks)
        if d < ks:
            return False
        seen[n_seen % RECENT] = where
        n_seen += 1
    return True
