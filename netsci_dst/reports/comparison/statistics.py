"""Means over seeds with intervals, and whether two methods can be told apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean over seeds and half its 95 % t interval; ``half`` and ``error`` are NaN for one."""

    mean: float
    half: float
    error: float
    n: int


@dataclass(frozen=True)
class Difference:
    """Mean of a method less that of another with its 95 % t interval.

    ``paired`` where both have the same seeds, else Welch's. ``half`` is NaN where either has too
    few runs for an interval, or the runs agree to the digit: that says how coarse the test is, not
    how sure the difference.
    """

    mean: float
    half: float
    paired: bool
    n: int

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return math.isfinite(self.half)

    @property
    def told_apart(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.known and abs(self.mean) > self.half


def interval(values: Sequence[float]) -> Interval:
    """Return the mean of the finite values with its 95 % t interval."""
    x = np.asarray([v for v in values if math.isfinite(v)], dtype=float)
    if x.size < 2:
        return Interval(float(x[0]) if x.size else math.nan, math.nan, math.nan, x.size)
    error = float(x.std(ddof=1)) / math.sqrt(x.size)
    return Interval(float(x.mean()), t_quantile(x.size - 1) * error, error, x.size)


def difference(a: Mapping[int, float], b: Mapping[int, float]) -> Difference:
    """Compare two methods by their values of each seed.

    Paired by seed where at least two seeds are common and no others are there; else Welch's.

    Examples
    --------
    >>> d = difference({0: 0.90, 1: 0.92, 2: 0.91}, {0: 0.89, 1: 0.90, 2: 0.90})
    >>> d.paired, round(d.mean, 4), d.told_apart
    (True, 0.0133, False)
    """
    x, y = np.array(list(a.values()), dtype=float), np.array(list(b.values()), dtype=float)
    if not x.size or not y.size:
        return Difference(math.nan, math.nan, False, 0)
    if len(a) >= 2 and set(a) == set(b):
        gaps = np.array([a[seed] - b[seed] for seed in a])
        error = float(gaps.std(ddof=1)) / math.sqrt(gaps.size)
        half = t_quantile(gaps.size - 1) * error if _spread(error, gaps) else math.nan
        return Difference(float(gaps.mean()), half, True, gaps.size)
    gap, n = float(x.mean() - y.mean()), min(x.size, y.size)
    if n < 2:
        return Difference(gap, math.nan, False, n)
    u, v = x.var(ddof=1) / x.size, y.var(ddof=1) / y.size
    if not _spread(math.sqrt(u + v), np.concatenate([x, y])):
        return Difference(gap, math.nan, False, n)
    freedom = (u + v) ** 2 / (u**2 / (x.size - 1) + v**2 / (y.size - 1))
    return Difference(gap, t_quantile(freedom) * math.sqrt(u + v), False, n)


def _spread(error: float, values: np.ndarray) -> bool:
    return error > 1e-9 * float(np.abs(values).max())


def t_quantile(freedom: float) -> float:
    """Return the 97.5 % quantile of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.5 + LEVEL / 2))
