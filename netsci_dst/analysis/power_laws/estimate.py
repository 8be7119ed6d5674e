"""From a histogram of values to a `PowerLawFit`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .alternatives import Tail, compare
from .bootstrap import build_model, count_exceeding
from .distance import REAL, distance, exponent, suffixes
from .gamma import gamma_on_grid
from .search import search
from .types import PowerLawFit
from .verdict import degenerate, describe, judge
from .zeta import log_zeta_derivatives, scaled_zeta

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_CHI2_95 = 3.841458820694124


def estimate(
    values: Floats,
    counts: Integers,
    xmin: float | tuple[float, float] | None,
    bootstraps: int,
    seed: int,
    kind: int,
    parametric: bool,
    alternatives: bool,
    workers: int,
    progress: Callable[[int, int], None] | None = None,
) -> PowerLawFit:
    """Fit, test and judge; ``values`` are distinct, sorted and not negative."""
    n, discrete = int(counts.sum()), kind != REAL
    between = xmin if isinstance(xmin, tuple) else (0.0, math.inf)
    xmin = None if isinstance(xmin, tuple) else xmin
    positive = values > 0
    u, number = values[positive], counts[positive]
    facts: dict[str, Any] = {
        "n": n, "n_zeros": n - int(number.sum()), "discrete": discrete, "seed": seed,
        "parametric": parametric, "fixed_xmin": xmin is not None,
        "xmax": float(u[-1]) if u.size else math.nan,
    }  # fmt: skip
    answer = degenerate(n, int(number.sum()), u.size)
    if answer is None and xmin is not None:
        answer = _fixed_degenerate(u, number, xmin)
    if answer is None and xmin is None:
        answer = _no_candidate(u, between)
    facts |= {"values": values, "counts": counts}
    if answer is not None:
        return _nothing(facts, *answer)
    gamma = gamma_on_grid(u, number)
    start, low, alpha, ks, tail = _fit(u, number, xmin, kind, between)
    n_tail = int(tail[start])
    mean_excess = float((number[start:] * np.log(u[start:] / low)).sum()) / n_tail
    p_value = math.nan
    if bootstraps:
        model = build_model(
            u[:start], number[:start], n_tail, low, alpha, kind, xmin is not None or parametric,
            parametric, between,
        )  # fmt: skip
        p_value = count_exceeding(model, ks, bootstraps, seed, workers, progress) / bootstraps
    log_power_law = log_mass(np.log(u[start:] / low), low, alpha, discrete)
    others = ()
    if alternatives:
        others = compare(Tail(u[start:], number[start:], low, discrete), log_power_law)
    sigma = standard_error(alpha, low, n_tail, discrete)
    outcome, better = judge(p_value, n_tail, others)
    verdict = describe(
        outcome, better, alpha=alpha, sigma=sigma, xmin=low, xmax=facts["xmax"], p_value=p_value,
        n_tail=n_tail, n=n, n_zeros=facts["n_zeros"], alternatives=others,
        bootstraps=bootstraps,
    )  # fmt: skip
    return PowerLawFit(
        alpha=alpha, sigma=sigma, xmin=low, ks=ks, p_value=p_value, n_tail=n_tail, gamma=gamma,
        confidence_interval=profile_interval(alpha, sigma, low, n_tail, mean_excess, discrete),
        log_likelihood=float((number[start:] * log_power_law).sum()), alternatives=others,
        outcome=outcome, verdict=verdict, bootstraps=bootstraps, **facts,
    )  # fmt: skip


def _fit(
    u: Floats, number: Integers, xmin: float | None, kind: int, between: tuple[float, float]
) -> tuple[int, float, float, float, Integers]:
    """Return the first position of the tail, xmin, exponent, KS distance, and counts from each."""
    logs = np.log(u)
    tail, tail_logs = np.empty(u.size + 1, np.int64), np.empty(u.size + 1)
    suffixes(logs, number, u.size, tail, tail_logs)
    if xmin is None:
        first, last = _candidates(u, between)
        start, alpha, ks = search(u, logs, tail, tail_logs, u.size, kind, first, last)
        return start, float(u[start]), alpha, ks, tail
    low, start = float(xmin), int(np.searchsorted(u, xmin))
    alpha = exponent(low, math.log(low), tail[start], tail_logs[start], kind)
    ks = distance(
        u, logs, tail, u.size, start, low, math.log(low), alpha, kind, math.inf
    )  # fmt: skip
    return start, low, alpha, ks, tail


def _candidates(u: Floats, between: tuple[float, float]) -> tuple[int, int]:
    """Return the first candidate for xmin and the one after the last; the largest is none."""
    last = min(u.size - 1, int(np.searchsorted(u, between[1], side="right")))
    return int(np.searchsorted(u, between[0])), last


def _no_candidate(u: Floats, between: tuple[float, float]) -> Any:
    first, last = _candidates(u, between)
    if first < last:
        return None
    return "too few points", (
        f"too few points: no value but the largest lies between {between[0]:g} and {between[1]:g}."
    )


def _fixed_degenerate(u: Floats, number: Integers, xmin: float) -> Any:
    inside = u >= xmin
    answer = degenerate(int(number[inside].sum()), int(number[inside].sum()), int(inside.sum()))
    if answer is None or (answer[0] == "no variation" and u[-1] > xmin):
        return None
    return answer[0], f"{answer[1][:-1]} (from xmin = {xmin:g} up)."


def _nothing(facts: dict[str, Any], outcome: Any, verdict: str) -> PowerLawFit:
    nan = math.nan
    return PowerLawFit(
        alpha=nan, sigma=nan, xmin=nan, ks=nan, p_value=nan, n_tail=0, gamma=nan,
        confidence_interval=(nan, nan), log_likelihood=nan, alternatives=(),
        outcome=outcome, verdict=verdict, **facts,
    )  # fmt: skip


def log_mass(l: Floats, xmin: float, alpha: float, discrete: bool) -> Floats:
    """Return log p at ``l = log(x / xmin)``."""
    if discrete:
        return -alpha * l - math.log(scaled_zeta(alpha, xmin))
    return math.log((alpha - 1) / xmin) - alpha * l


def standard_error(alpha: float, xmin: float, n: int, discrete: bool) -> float:
    """Return the standard error of the exponent, from the Fisher information (CSN 3.2, 3.6)."""
    if not discrete:
        return (alpha - 1) / math.sqrt(n)
    information = log_zeta_derivatives(alpha, xmin)[2]
    return 1 / math.sqrt(n * information) if information > 0 else math.nan


def profile_interval(
    alpha: float, sigma: float, xmin: float, n: int, mean_excess: float, discrete: bool
) -> tuple[float, float]:
    """Return the exponents whose likelihood is not significantly below the highest (95 %)."""
    from scipy.optimize import brentq

    def loss(s: float) -> float:
        normaliser = math.log(scaled_zeta(s, xmin)) if discrete else -math.log(s - 1)
        return 2 * n * (normaliser + s * mean_excess)

    top = loss(alpha) + _CHI2_95
    low = alpha
    while loss(low) < top:
        low = 1 + (low - 1) / 2
        if low - 1 < 1e-9:
            break
    high = alpha + 2 * sigma
    while loss(high) < top:
        high = alpha + 2 * (high - alpha)
    ends = [brentq(lambda s: loss(s) - top, *pair) for pair in ((low, alpha), (alpha, high))]
    return float(np.asarray(ends[0])), float(np.asarray(ends[1]))
