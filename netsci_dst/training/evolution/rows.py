"""The choices of a stack on a CPU, row by row: most positions are passed over, not ordered.

They are those of `_select`, link by link.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .select import LOWEST, dropped_bits

Pair = tuple[int, int]
# The k-th largest of many scores is guessed from one in so many of them.
_EVERY = 64


def keep_rows(
    scores: Tensor | None,
    alive: Tensor,
    positions: Tensor,
    pairs: Sequence[Pair],
    counts: Sequence[int],
    exponent: float,
) -> Tensor:
    """Return the links of each row that stay, bool of the shape of ``alive``.

    Parameters
    ----------
    scores
        ``(rows, positions)``; None: any link is as good as another.
    positions
        Key of each position.
    pairs
        Keys of each row's stream of random numbers.
    """
    there, keys = alive.numpy(), positions.numpy()
    kept = np.zeros_like(there)
    for row, (pair, k) in enumerate(zip(pairs, counts)):
        places = np.flatnonzero(there[row])
        chance = _numbers(keys[places], pair)
        if scores is None or exponent == 0:
            chosen = _largest(chance, k)
        else:
            value = scores.numpy()[row][places]
            if exponent != float("inf"):
                value = np.maximum(_clocked(value, chance, exponent), LOWEST)
            chosen = _best(value, chance, k)
        kept[row, places[chosen]] = True
    return torch.from_numpy(kept)


def grow_rows(
    scores: Tensor | None,
    present: Tensor,
    active: Tensor | None,
    positions: Tensor,
    pairs: Sequence[Pair],
    counts: Sequence[int],
    exponent: float,
) -> Tensor:
    """Return the links of each row that come: positive scores first, then between active neurons.

    Parameters
    ----------
    active
        Which positions lie between active neurons; None: all do.
    """
    there, keys = present.numpy(), positions.numpy()
    new = np.zeros_like(there)
    for row, (pair, n) in enumerate(zip(pairs, counts)):
        taken = there[row] | new[row]
        if n > 0 and scores is not None:
            flat = scores.numpy()[row]
            places = np.flatnonzero((flat > 0) & ~taken)
            chosen = places[_drawn(flat[places], keys[places], pair, n, exponent)]
            new[row, chosen] = True
            n -= len(chosen)
        for inside in () if n <= 0 else (active, None):
            if scores is None and inside is not None:
                continue
            free = ~(there[row] | new[row])
            if inside is not None:
                free &= inside.numpy()[row]
            chosen = _uniform(free, keys, pair, n)
            new[row, chosen] = True
            n -= len(chosen)
    return torch.from_numpy(new)


def _numbers(keys: NDArray[np.int64], pair: Pair) -> NDArray[np.int64]:
    from .loops import numbers

    out = np.empty(len(keys), np.int64)
    numbers(keys, np.uint32(pair[0]), np.uint32(pair[1]), out)
    return out


def _clocked(scores: NDArray, chance: NDArray[np.int64], exponent: float) -> NDArray:
    u = (chance + 0.5) * 2.0**-32
    with np.errstate(divide="ignore"):
        return np.log(scores.astype(np.float64)) - np.log(-np.log1p(-u)) / exponent


def _largest(chance: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Return the places of the ``k`` largest numbers."""
    if k >= len(chance):
        return np.arange(len(chance))
    return np.argpartition(chance, len(chance) - k)[len(chance) - k :] if k > 0 else _NONE


def _best(value: NDArray, chance: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Return the places of the ``k`` largest values, ties by chance."""
    n = len(value)
    if k >= n or k <= 0:
        return np.arange(n) if k >= n else _NONE
    if value.dtype == np.float64:
        dropped = dropped_bits(torch.float64)
        value = ((value.view(np.int64) + (1 << (dropped - 1))) & -(1 << dropped)).view(np.float64)
    least = np.partition(value, n - k)[n - k]
    above, level = np.flatnonzero(value > least), np.flatnonzero(value == least)
    chosen = _largest(chance[level], k - len(above))
    return np.concatenate([above, level[chosen]])


def _drawn(
    score: NDArray, keys: NDArray[np.int64], pair: Pair, k: int, exponent: float
) -> NDArray[np.int64]:
    """Return the places of ``k`` positive scores: the largest, or drawn by them."""
    if k >= len(score):
        return np.arange(len(score))
    if exponent == float("inf"):
        places = _contenders(score, k)
        some = score if places is None else score[places]
        own = keys if places is None else keys[places]
        chosen = _best(some, _numbers(own, pair), k)
        return chosen if places is None else places[chosen]
    if exponent == 0:
        return _largest(_numbers(keys, pair), k)
    early = _early(score, keys, pair, k, exponent)
    places = np.arange(len(score)) if early is None else early
    chance = _numbers(keys[places], pair)
    return places[_best(_clocked(score[places], chance, exponent), chance, k)]


def _contenders(score: NDArray, k: int) -> NDArray[np.int64] | None:
    """Return where all scores at or above a bound lie, at least ``k``; None: anywhere."""
    if len(score) < 8 * k + 2**14:
        return None
    sample = score[::_EVERY]
    n = min(len(sample), 2 * k // _EVERY + 16)
    places = np.flatnonzero(score >= np.partition(sample, len(sample) - n)[len(sample) - n])
    return places if len(places) >= k else None


def _early(
    score: NDArray, keys: NDArray[np.int64], pair: Pair, k: int, exponent: float
) -> NDArray[np.int64] | None:
    """Return places among which the ``k`` clocks are that ring first; None: anywhere."""
    from .loops import early

    if len(score) < 2**14:
        return None
    rates = score.astype(np.float64) / float(score.max())
    rates = rates if exponent == 1 else rates**exponent
    time = 1.2 * (k + 10) / rates.sum()
    for _ in range(6):
        places = np.empty(len(keys), np.int64)
        n = early(keys, rates, time, np.uint32(pair[0]), np.uint32(pair[1]), places)
        places = places[:n].copy()
        u = (_numbers(keys[places], pair) + 0.5) * 2.0**-32
        if np.count_nonzero(-np.log1p(-u) <= rates[places] * time) >= k:
            return places
        time *= 2
    return None


def _uniform(
    free: NDArray[np.bool_], keys: NDArray[np.int64], pair: Pair, n: int
) -> NDArray[np.int64]:
    """Return the places of the ``n`` free positions with the largest numbers."""
    from .loops import large

    room = int(np.count_nonzero(free))
    margin = n + 6 * n**0.5 + 16
    while n < room:
        least = int((1 - min(1.0, margin / room)) * 2**32)
        places = np.empty(min(room, int(margin + 8 * margin**0.5 + 64)), np.int64)
        chance = np.empty_like(places)
        found = large(
            free, keys, np.uint32(pair[0]), np.uint32(pair[1]), np.uint32(least), places, chance
        )
        if n <= found <= len(places):
            return places[:found][_largest(chance[:found], n)]
        margin = margin * 2 if found < n else margin * 1.1 + 64
    return np.flatnonzero(free)


_NONE = np.empty(0, np.int64)
