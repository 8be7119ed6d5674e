"""Compiled kernels: the exponent and the KS distance for each candidate xmin.

A sample is a sorted list of its distinct values ``u`` with ``logs``, and for each position i the
number ``tail[i]`` and the sum of logarithms ``tail_logs[i]`` of all values from ``u[i]`` up;
``tail`` has one more entry, 0.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from .zeta import scaled_zeta, solve_exponent

# Kinds of data: reals, integers, and integers compared just below each observed value alone.
REAL, INTEGER, OBSERVED = 0, 1, 2

# A gap of more integers than this is crossed by one evaluation of zeta, a shorter one term by term.
_SHORT_GAP = 12


@njit(cache=True, nogil=True)
def suffixes(logs, counts, size, tail, tail_logs):
    """Fill the numbers and the sums of logarithms of the values from each position up."""
    tail[size] = 0
    total, total_logs = 0, 0.0
    for i in range(size - 1, -1, -1):
        total += counts[i]
        total_logs += counts[i] * logs[i]
        tail[i] = total
        tail_logs[i] = total_logs


@njit(cache=True, nogil=True)
def exponent(q, log_q, n, sum_logs, kind):
    """Return the maximum-likelihood exponent of n values from q up."""
    excess = sum_logs / n - log_q
    if kind != REAL:
        # Rounding of the sums leaves an excess of about 1e-16 when all values equal q.
        return solve_exponent(q, excess if excess > 1e-13 else 0.0)
    return 1.0 + 1.0 / excess if excess > 1e-13 else math.inf


@njit(cache=True, nogil=True)
def distance(u, logs, tail, size, start, q, log_q, s, kind, bound):
    """Return the KS distance of the values from position ``start`` up, or any value >= ``bound``.

    Over the full support: for integers both at each value and just before the next one, for real
    values on both sides of each step.
    """
    if kind != REAL:
        full = kind == INTEGER
        return _distance_discrete(u, logs, tail, size, start, q, log_q, s, bound, full)
    return _distance_continuous(logs, tail, size, start, log_q, s, bound)


@njit(cache=True, nogil=True)
def _distance_discrete(u, logs, tail, size, start, q, log_q, s, bound, full):
    scale = 1.0 / scaled_zeta(s, q)
    share = 1.0 / tail[start]
    worst = 0.0
    above = 1.0  # the model's probability of the next value or more
    if u[start] > q:
        above = math.exp(-s * (logs[start] - log_q)) * scaled_zeta(s, u[start]) * scale
        worst = 1.0 - above if full else 0.0
    for j in range(start, size):
        above -= math.exp(-s * (logs[j] - log_q)) * scale
        observed = tail[j + 1] * share
        if full:
            worst = max(worst, abs(observed - above))
        if j + 1 < size:
            gap = u[j + 1] - u[j] - 1.0
            if gap > 0.0:
                if gap <= _SHORT_GAP:
                    for k in range(1, int(gap) + 1):
                        above -= math.exp(-s * (math.log(u[j] + k) - log_q)) * scale
                else:
                    above = math.exp(-s * (logs[j + 1] - log_q)) * scale
                    above *= scaled_zeta(s, u[j + 1])
            worst = max(worst, abs(observed - above))
        if worst >= bound:
            return worst
    return worst


@njit(cache=True, nogil=True)
def _distance_continuous(logs, tail, size, start, log_q, s, bound):
    share = 1.0 / tail[start]
    worst = 0.0
    for j in range(start, size):
        above = math.exp((1.0 - s) * (logs[j] - log_q))
        worst = max(worst, abs(tail[j] * share - above), abs(tail[j + 1] * share - above))
        if worst >= bound:
            return worst
    return worst


@njit(cache=True, nogil=True)
def search(u, logs, tail, tail_logs, size, kind):
    """Return position, exponent and KS distance of the best candidate; position -1 for none.

    Every value but the largest is a candidate; of equal distances the smallest xmin counts.
    """
    limit = math.inf
    stride = max(1, size // 64)
    # A coarse pass gives a bound that lets most candidates be abandoned early.
    for i in range(0, size - 1, stride):
        s = exponent(u[i], logs[i], tail[i], tail_logs[i], kind)
        limit = min(limit, distance(u, logs, tail, size, i, u[i], logs[i], s, kind, limit))
    limit = limit * (1.0 + 1e-12) + 1e-300
    best, best_s = -1, math.nan
    for i in range(size - 1):
        s = exponent(u[i], logs[i], tail[i], tail_logs[i], kind)
        d = distance(u, logs, tail, size, i, u[i], logs[i], s, kind, limit)
        if d < limit:
            best, best_s, limit = i, s, d
    return best, best_s, limit


@njit(cache=True, nogil=True)
def exceeds(u, logs, tail, tail_logs, size, xmin, log_xmin, fixed, kind, ks):
    """Return whether the best fit of a replicate is at least as far off as ``ks``.

    The replicate is refitted with its own xmin, from the original xmin outwards, and given up as
    soon as one candidate comes closer than ``ks``: that decides.
    """
    first = np.searchsorted(u[:size], xmin)
    if fixed:
        if first >= size:
            return False
        s = exponent(xmin, log_xmin, tail[first], tail_logs[first], kind)
        if s == math.inf:
            return False
        return distance(u, logs, tail, size, first, xmin, log_xmin, s, kind, ks) >= ks
    if size < 2:
        return False
    for step in range(size - 1):
        i = first + step if first + step < size - 1 else size - 2 - step
        s = exponent(u[i], logs[i], tail[i], tail_logs[i], kind)
        if distance(u, logs, tail, size, i, u[i], logs[i], s, kind, ks) < ks:
            return False
    return True
