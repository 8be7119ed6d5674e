"""The bootstrap p-value of a power law: synthetic samples, each refitted as the data were.

Replicate i draws from its own stream, a function of the seed and i alone, so that the result does
not depend on the number of workers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .distance import REAL, suffixes
from .search import exceeds
from .zeta import scaled_zeta

# Integers of the tail that are drawn from a table; those above it by rejection.
_TABLE = 4096
# Above so many values a replicate is drawn as a multinomial histogram, not value by value.
_MANY = 2_000_000
_STEPS = 50  # in which progress is told


@dataclass(frozen=True)
class Model:
    """What a replicate is drawn from: the body of the data below xmin, and the fitted tail."""

    values: NDArray[np.float64]  # distinct values of the body, then integers of the tail
    logs: NDArray[np.float64]
    probabilities: NDArray[np.float64]  # one more than values: the last is what lies above
    above: float  # the smallest value of the tail that is not in the table
    n: int
    xmin: float
    alpha: float
    kind: int
    fixed: bool
    lowest: float = 0.0  # where replicates may have their own xmin
    highest: float = math.inf


def build_model(
    body: NDArray[np.float64],
    counts: NDArray[np.int64],
    n_tail: int,
    xmin: float,
    alpha: float,
    kind: int,
    fixed: bool,
    parametric: bool,
    between: tuple[float, float] = (0.0, math.inf),
) -> Model:
    """Return the model behind the replicates.

    Parameters
    ----------
    body, counts
        Distinct values below xmin and how often each occurs.
    fixed
        Whether replicates keep xmin instead of searching their own.
    parametric
        Draw the tail alone, ``n_tail`` values from the fitted law.
    between
        Where replicates may have their own xmin.
    """
    if parametric:
        body, counts = body[:0], counts[:0]
    n = n_tail + int(counts.sum())
    share = n_tail / n
    tail = np.empty(0)
    pmf = np.empty(0)
    above = xmin
    if kind != REAL:
        tail = xmin + np.arange(_TABLE, dtype=np.float64)
        pmf = np.exp(-alpha * np.log(tail / xmin)) / scaled_zeta(alpha, xmin)
        # Drop what no replicate will ever draw, so that the table stays in the fast cache.
        rest = 1.0 - np.cumsum(pmf)
        last = min(_TABLE, int(np.searchsorted(-rest, -1e-13)) + 1)
        tail, pmf = tail[:last], pmf[:last]
        above = float(xmin + last)
    values = np.concatenate([body, tail])
    probabilities = np.concatenate([counts / n, share * pmf])
    left = share * max(0.0, 1.0 - float(pmf.sum()))
    probabilities = np.append(probabilities, left)
    return Model(
        values, np.log(values), probabilities / probabilities.sum(), above,
        n, xmin, alpha, kind, fixed, *between,
    )  # fmt: skip


def count_exceeding(
    model: Model,
    ks: float,
    replicates: int,
    seed: int,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Return how many of the replicates are at least as far from their own fit as ``ks``.

    ``progress`` is called with the replicates done and their number.
    """
    start = np.uint64(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])
    if model.n > _MANY:
        return _count_from_histograms(model, ks, replicates, seed, start, progress)
    accept, alias = alias_table(model.probabilities)
    parts = min(replicates, max(workers, _STEPS if progress else 1))
    edges = np.linspace(0, replicates, parts + 1).astype(np.int64)

    def part(i: int) -> int:
        return _count(
            model.values, model.logs, accept, alias, model.above, model.n, model.xmin,
            model.alpha, model.kind, model.fixed, ks, model.lowest, model.highest, start,
            edges[i], edges[i + 1],
        )  # fmt: skip

    exceeding = 0
    with ThreadPoolExecutor(workers) as pool:
        found = pool.map(part, range(parts)) if workers > 1 else map(part, range(parts))
        for i, count in enumerate(found):
            exceeding += count
            if progress:
                progress(int(edges[i + 1]), replicates)
    return exceeding


def _count_from_histograms(
    model: Model,
    ks: float,
    replicates: int,
    seed: int,
    start: np.uint64,
    progress: Callable[[int, int], None] | None,
) -> int:
    exceeding = 0
    for i in range(replicates):
        generator = np.random.default_rng([seed, i])
        counts = generator.multinomial(model.n, model.probabilities)
        exceeding += _one(
            model.values, model.logs, counts, model.above, model.xmin, model.alpha,
            model.kind, model.fixed, ks, model.lowest, model.highest, start + np.uint64(i),
        )  # fmt: skip
        if progress:
            progress(i + 1, replicates)
    return exceeding


def alias_table(
    probabilities: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return Walker's alias table, by Vose's method: thresholds and aliases."""
    size = probabilities.size
    accept = probabilities * size
    alias = np.arange(size)
    small = [i for i in range(size) if accept[i] < 1.0]
    large = [i for i in range(size) if accept[i] >= 1.0]
    while small and large:
        s, l = small.pop(), large[-1]
        alias[s] = l
        accept[l] -= 1.0 - accept[s]
        if accept[l] < 1.0:
            small.append(large.pop())
    accept[small + large] = 1.0
    return accept, alias


@njit(cache=True, nogil=True)
def _next(state: NDArray[Any]) -> int:
    """Advance a SplitMix64 stream (Steele, Lea and Flood 2014); return 64 random bits."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True, nogil=True)
def _uniform(state: NDArray[Any]) -> float:
    """Return a number in (0, 1]."""
    return (float(_next(state) >> np.uint64(11)) + 1.0) * (1.0 / 9007199254740992.0)


@njit(cache=True, nogil=True)
def draw_above(state: NDArray[Any], above: float, alpha: float, kind: int) -> float:
    """Return one value of the power law at or above ``above``.

    For integers by rejection from the floor of a continuous power law, whose acceptance is close
    to 1 when ``above`` is large against the exponent.
    """
    power = -1.0 / (alpha - 1.0)
    if kind == REAL:
        return above * _uniform(state) ** power
    # Ratio of the discrete mass at x to the continuous mass of [x, x + 1), largest at ``above``.
    top = -(alpha - 1.0) / math.expm1((1.0 - alpha) * math.log1p(1.0 / above)) / above
    while True:
        x = math.floor(above * _uniform(state) ** power)
        if not x < 9e15:
            return 9e15
        ratio = -(alpha - 1.0) / math.expm1((1.0 - alpha) * math.log1p(1.0 / x)) / x
        if _uniform(state) * top <= ratio:
            return x


@njit(cache=True, nogil=True)
def _room(most: int) -> tuple[NDArray[Any], ...]:
    """Return room for the values of a sample, their logarithms, counts and sums from above."""
    return (
        np.empty(most), np.empty(most), np.empty(most, np.int64),
        np.empty(most + 1, np.int64), np.empty(most + 1),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _replicate(
    values: NDArray[Any],
    logs: NDArray[Any],
    counts: NDArray[Any],
    extra: NDArray[Any],
    n_extra: int,
    xmin: float,
    log_xmin: float,
    fixed: bool,
    kind: int,
    ks: float,
    lowest: float,
    highest: float,
    u: NDArray[Any],
    u_logs: NDArray[Any],
    number: NDArray[Any],
    tail: NDArray[Any],
    tail_logs: NDArray[Any],
) -> bool:
    """Gather a histogram and the values above it into a sample, and test it."""
    size = 0
    for i in range(values.size):
        if counts[i] > 0:
            u[size], u_logs[size], number[size] = values[i], logs[i], counts[i]
            size += 1
    ordered = np.sort(extra[:n_extra])
    for x in ordered:
        if size > 0 and u[size - 1] == x:
            number[size - 1] += 1
        else:
            u[size], u_logs[size], number[size] = x, math.log(x), 1
            size += 1
    suffixes(u_logs, number, size, tail, tail_logs)
    return exceeds(
        u, u_logs, tail, tail_logs, size, xmin, log_xmin, fixed, kind, ks, lowest, highest
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _count(
    values: NDArray[Any],
    logs: NDArray[Any],
    accept: NDArray[Any],
    alias: NDArray[Any],
    above: float,
    n: int,
    xmin: float,
    alpha: float,
    kind: int,
    fixed: bool,
    ks: float,
    lowest: float,
    highest: float,
    seed: Any,
    first: int,
    last: int,
) -> int:
    size = accept.size
    most = values.size + n
    u, u_logs, number, tail, tail_logs = _room(most)
    counts, extra = np.empty(size, np.int64), np.empty(n)
    state = np.empty(1, np.uint64)
    log_xmin = math.log(xmin)
    exceeding = 0
    for replicate in range(first, last):
        # Hashing the number of the replicate sets the streams far apart.
        state[0] = np.uint64(seed) + np.uint64(replicate)
        state[0] = _next(state) ^ seed
        counts[:] = 0
        n_extra = 0
        for _ in range(n):
            bits = _next(state)
            # The upper half chooses the column, the lower half decides between it and its alias.
            i = np.int64(((bits >> np.uint64(32)) * np.uint64(size)) >> np.uint64(32))
            if float(bits & np.uint64(0xFFFFFFFF)) * 2.0**-32 >= accept[i]:
                i = alias[i]
            if i == size - 1:
                extra[n_extra] = draw_above(state, above, alpha, kind)
                n_extra += 1
            else:
                counts[i] += 1
        exceeding += _replicate(
            values, logs, counts, extra, n_extra, xmin, log_xmin, fixed, kind, ks, lowest, highest,
            u, u_logs, number, tail, tail_logs,
        )  # fmt: skip
    return exceeding


@njit(cache=True, nogil=True)
def _one(
    values: NDArray[Any],
    logs: NDArray[Any],
    counts: NDArray[Any],
    above: float,
    xmin: float,
    alpha: float,
    kind: int,
    fixed: bool,
    ks: float,
    lowest: float,
    highest: float,
    seed: Any,
) -> bool:
    n_extra = counts[-1]
    most = values.size + n_extra
    u, u_logs, number, tail, tail_logs = _room(most)
    state = np.empty(1, np.uint64)
    state[0] = seed
    state[0] = _next(state) ^ seed
    extra = np.empty(n_extra)
    for i in range(n_extra):
        extra[i] = draw_above(state, above, alpha, kind)
    return _replicate(
        values, logs, counts, extra, n_extra, xmin, math.log(xmin), fixed, kind, ks,
        lowest, highest, u, u_logs, number, tail, tail_logs,
    )  # fmt: skip
