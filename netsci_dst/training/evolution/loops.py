"""Compiled loops for updates on a CPU; imported when first needed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, uint32  # type: ignore[attr-defined]
from numpy.typing import NDArray

from .hash_factors import FACTORS

_FIRST, _SECOND, _THIRD = (np.uint32(factor) for factor in FACTORS)


@njit(cache=True, nogil=True, inline="always")
def number(key: Any, first: np.uint32, second: np.uint32) -> np.uint32:
    """Return the number of a key, as `hashed` does."""
    x = uint32(uint32(key) * _FIRST + first)
    x = uint32(x ^ (x >> uint32(16)))
    x = uint32(x * _SECOND + second)
    x = uint32(x ^ (x >> uint32(15)))
    return uint32(x * _THIRD)


@njit(cache=True, nogil=True)
def numbers(keys: NDArray[Any], first: np.uint32, second: np.uint32, out: NDArray[Any]) -> None:
    """Fill in the number of each key."""
    for i in range(len(keys)):
        out[i] = number(keys[i], first, second)


@njit(cache=True, nogil=True)
def scan(
    present: NDArray[Any],
    n_source: int,
    n_target: int,
    first: np.uint32,
    second: np.uint32,
    least: int,
    sources: NDArray[Any],
    targets: NDArray[Any],
    keys: NDArray[Any],
    chance: NDArray[Any],
) -> int:
    """Fill in absent keys whose number is at least ``least``; return how many there are.

    ``sources`` and ``targets`` of length one allow all neurons.
    """
    n, at, n_present = 0, 0, len(present)
    whole_rows, whole_columns = len(sources) == 1, len(targets) == 1
    found = np.empty(n_target, np.uint32)
    for u in range(n_source):
        if not whole_rows and not sources[u]:
            continue
        start = np.int64(u) * n_target
        begin = uint32(start)
        for v in range(n_target):
            found[v] = number(begin + uint32(v), first, second)
        while at < n_present and present[at] < start:
            at += 1
        for v in range(n_target):
            if found[v] < least or not (whole_columns or targets[v]):
                continue
            key = start + v
            while at < n_present and present[at] < key:
                at += 1
            if at < n_present and present[at] == key:
                continue
            if n < len(keys):
                keys[n] = key
                chance[n] = found[v]
            n += 1
    return n


@njit(cache=True, nogil=True)
def early(
    keys: NDArray[Any],
    rates: NDArray[Any],
    time: float,
    first: np.uint32,
    second: np.uint32,
    places: NDArray[Any],
) -> int:
    """Fill in the places of clocks that can ring before a time; return how many there are."""
    n = 0
    for i in range(len(keys)):
        places[n] = i
        n += (number(keys[i], first, second) + 0.5) * 2.0**-32 < rates[i] * time
    return n


@njit(cache=True, nogil=True)
def large(
    free: NDArray[Any],
    keys: NDArray[Any],
    first: np.uint32,
    second: np.uint32,
    least: int,
    places: NDArray[Any],
    chance: NDArray[Any],
) -> int:
    """Fill in the free places whose number is at least ``least``; return how many there are."""
    n = 0
    for i in range(len(keys)):
        if not free[i]:
            continue
        x = number(keys[i], first, second)
        if x < least:
            continue
        if n < len(places):
            places[n] = i
            chance[n] = x
        n += 1
    return n
