"""Sums that are equal on paper made equal in floating point."""

from __future__ import annotations

import numpy as np
from numba import njit

# Scores are rounded to cells of 2^12 units in the last place (relative 1e-12); rounding errors of
# the sums are a few units, so only scores this near to the edge of a cell need a closer look.
_CELL = 4096
_NEAR = 48


def snap_ties(scores: np.ndarray) -> np.ndarray:
    """Give scores that differ by rounding errors only the same value, in place.

    Parameters
    ----------
    scores
        float64, contiguous, no negative values.
    """
    bits = scores.reshape(-1).view(np.int64)
    near = _snap(bits)
    if len(near):
        values = bits[near]
        order = np.argsort(values)
        values = values[order]
        # A run of neighbours on both sides of an edge goes to one cell, that of its first.
        first = np.append(True, np.diff(values) > _NEAR)
        cell = (values[first] + _CELL // 2) & ~(_CELL - 1)
        bits[near[order]] = cell[np.cumsum(first) - 1]
    return scores


@njit(cache=True, nogil=True)
def _snap(bits):
    """Round all but those near the edge of a cell, and return where these are."""
    n_near = 0
    for i in range(len(bits)):
        if abs((bits[i] & (_CELL - 1)) - _CELL // 2) <= _NEAR:
            n_near += 1
    near = np.empty(n_near, np.int64)
    n_near = 0
    for i in range(len(bits)):
        value = bits[i]
        if abs((value & (_CELL - 1)) - _CELL // 2) <= _NEAR:
            near[n_near] = i
            n_near += 1
        else:
            bits[i] = (value + _CELL // 2) & ~(_CELL - 1)
    return near
