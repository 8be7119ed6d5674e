"""Exact draws without replacement in memory proportional to what is drawn."""

from __future__ import annotations

import numpy as np


def sample_distinct(n: int, k: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``k`` distinct integers below ``n``, increasing, every subset equally likely.

    Parameters
    ----------
    n
        How many integers there are.
    k
        How many to draw.
    rng
        Source of random numbers.

    Returns
    -------
    numpy.ndarray
        Shape ``(k,)``, int64.

    Examples
    --------
    >>> drawn = sample_distinct(10, 3, np.random.default_rng(0))
    >>> drawn.size, bool((np.diff(drawn) > 0).all())
    (3, True)
    """
    if 2 * k > n:
        present = np.ones(n, bool)
        present[sample_distinct(n, n - k, rng)] = False
        return np.flatnonzero(present)
    found = np.empty(0, np.int64)
    while len(found) < k:
        missing = k - len(found)
        drawn = rng.integers(0, n, size=missing + missing // 8 + 8, dtype=np.int64)
        found = np.sort(np.concatenate([found, drawn]))
        # np.unique may go through a hash table, many times slower than this sort.
        found = found[np.append(True, found[1:] != found[:-1])]
    return drop_at_random(found, len(found) - k, rng)


def sample_absent(n: int, present: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``k`` distinct integers below ``n`` that are not in the increasing ``present``."""
    absent = n - len(present)
    ranks = sample_distinct(absent, k, rng)
    # The r-th absent integer is r plus the number of present ones before it.
    before = present - np.arange(len(present))
    return ranks + np.searchsorted(before, ranks, side="right")


def drop_at_random(keys: np.ndarray, n_drop: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``keys`` without ``n_drop`` of them, in the same order."""
    if n_drop == 0:
        return keys
    keep = np.ones(len(keys), bool)
    keep[rng.choice(len(keys), n_drop, replace=False, shuffle=False)] = False
    return keys[keep]


def share_out(total: int, n: int, cap: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``n`` counts of at most ``cap`` that add up to ``total``, each unit dropped at random.

    A unit that lands on a full place is dropped again.
    """
    counts = np.zeros(n, np.int64)
    missing = total
    while missing > 0:
        free = np.flatnonzero(counts < cap)
        landed = np.bincount(free[rng.integers(0, len(free), missing)], minlength=n)
        counts = np.minimum(counts + landed, cap)
        missing = total - int(counts.sum())
    return counts
