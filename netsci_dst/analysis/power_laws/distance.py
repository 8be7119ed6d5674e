"""Compiled kernels: the exponent and the KS distance of one candidate xmin.

A sample is a sorted list of its distinct values ``u`` with ``logs``, and for each position i the
number ``tail[i]`` and the sum of logarithms ``tail_logs[i]`` of all values from ``u[i]`` up;
``tail`` has one more entry, 0.
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit
from numpy.typing import NDArray

from .zeta import scaled_zeta, solve_exponent

# Kinds of data: reals, integers, integers compared just below each observed value alone, and reals
# compared as plfit does.
REAL, INTEGER, OBSERVED, LOWER = 0, 1, 2, 3

# A gap of more integers than this is crossed by one evaluation of zeta, a shorter one term by term.
_SHORT_GAP = 12


@njit(cache=True, nogil=True)
def suffixes(
    logs: NDArray[Any], counts: NDArray[Any], size: int, tail: NDArray[Any], tail_logs: NDArray[Any]
) -> None:
    """Fill the numbers and the sums of logarithms of the values from each position up."""
    tail[size] = 0
    total, total_logs = 0, 0.0
    for i in range(size - 1, -1, -1):
        total += counts[i]
        total_logs += counts[i] * logs[i]
        tail[i] = total
        tail_logs[i] = total_logs


@njit(cache=True, nogil=True)
def exponent(q: float, log_q: float, n: int, sum_logs: float, kind: int) -> float:
    """Return the maximum-likelihood exponent of n values from q up."""
    excess = sum_logs / n - log_q
    if kind != REAL:
        # Rounding of the sums leaves an excess of about 1e-16 when all values equal q.
        return solve_exponent(q, excess if excess > 1e-13 else 0.0)
    return 1.0 + 1.0 / excess if excess > 1e-13 else math.inf


@njit(cache=True, nogil=True)
def distance(
    u: NDArray[Any],
    logs: NDArray[Any],
    tail: NDArray[Any],
    size: int,
    start: int,
    q: float,
    log_q: float,
    s: float,
    kind: int,
    bound: float,
) -> float:
    """Return the KS distance of the values from position ``start`` up, or any value >= ``bound``.

    Over the full support: for integers both at each value and just before the next one, for real
    values on both sides of each step.
    """
    return distance_at(u, logs, tail, size, start, q, log_q, s, kind, bound)[0]


@njit(cache=True, nogil=True)
def distance_at(
    u: NDArray[Any],
    logs: NDArray[Any],
    tail: NDArray[Any],
    size: int,
    start: int,
    q: float,
    log_q: float,
    s: float,
    kind: int,
    bound: float,
) -> tuple[float, int]:
    """Return the KS distance, and the position at which it was found."""
    if kind in (REAL, LOWER):
        return _distance_continuous(u, logs, tail, size, start, log_q, s, kind, bound)
    full = kind == INTEGER
    return _distance_discrete(u, logs, tail, size, start, q, log_q, s, bound, full)


@njit(cache=True, nogil=True)
def gap_at(
    u: NDArray[Any],
    logs: NDArray[Any],
    tail: NDArray[Any],
    start: int,
    j: int,
    q: float,
    log_q: float,
    s: float,
    kind: int,
    norm: float,
) -> float:
    """Return how far data and fit are apart at position ``j``: no more than the KS distance.

    ``norm`` is one over the scaled zeta at q, for integers alone.
    """
    if kind == REAL:
        share = 1.0 / tail[start]
        above = math.exp((1.0 - s) * (logs[j] - log_q))
        return max(abs(tail[j] * share - above), abs(tail[j + 1] * share - above))
    if kind == LOWER:
        # plfit compares with the share of values before each, repeated ones one after the other.
        model = 1.0 - math.exp((1.0 - s) * (logs[j] - log_q))
        before = 1.0 - tail[j] / tail[start]
        last = 1.0 - (tail[j + 1] + 1.0) / tail[start]
        return max(abs(model - before), abs(model - last))
    if j == start:
        return 0.0
    above = math.exp(-s * (logs[j] - log_q)) * scaled_zeta(s, u[j]) * norm
    # Less what rounding may add to it against the sum of the full search.
    return abs(tail[j] / tail[start] - above) - 1e-9


@njit(cache=True, nogil=True)
def _distance_discrete(
    u: NDArray[Any],
    logs: NDArray[Any],
    tail: NDArray[Any],
    size: int,
    start: int,
    q: float,
    log_q: float,
    s: float,
    bound: float,
    full: bool,
) -> tuple[float, int]:
    scale = 1.0 / scaled_zeta(s, q)
    share = 1.0 / tail[start]
    worst, where = 0.0, start
    above = 1.0  # the model's probability of the next value or more
    if u[start] > q:
        above = math.exp(-s * (logs[start] - log_q)) * scaled_zeta(s, u[start]) * scale
        worst = 1.0 - above if full else 0.0
    for j in range(start, size):
        above -= math.exp(-s * (logs[j] - log_q)) * scale
        observed = tail[j + 1] * share
        if full and abs(observed - above) > worst:
            worst, where = abs(observed - above), j
        if j + 1 < size:
            gap = u[j + 1] - u[j] - 1.0
            if gap > 0.0:
                if gap <= _SHORT_GAP:
                    for k in range(1, int(gap) + 1):
                        above -= math.exp(-s * (math.log(u[j] + k) - log_q)) * scale
                else:
                    above = math.exp(-s * (logs[j + 1] - log_q)) * scale
                    above *= scaled_zeta(s, u[j + 1])
            if abs(observed - above) > worst:
                worst, where = abs(observed - above), j + 1
        if worst >= bound:
            break
    return worst, where


@njit(cache=True, nogil=True)
def _distance_continuous(
    u: NDArray[Any],
    logs: NDArray[Any],
    tail: NDArray[Any],
    size: int,
    start: int,
    log_q: float,
    s: float,
    kind: int,
    bound: float,
) -> tuple[float, int]:
    worst, where = 0.0, start
    for j in range(start, size):
        gap = gap_at(u, logs, tail, start, j, 0.0, log_q, s, kind, 0.0)
        if gap > worst:
            worst, where = gap, j
            if worst >= bound:
                break
    return worst, where
