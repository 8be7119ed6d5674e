"""Likelihood-ratio tests of a power law's tail against other distributions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .densities import LOGNORMAL, STRETCHED, TRUNCATED, fill_log_density, loss

Array = NDArray[np.float64]
Fitted = tuple[dict[str, float], Array]

BETTER_AT = 0.1  # Clauset et al. 2009, section 5


@dataclass(frozen=True)
class Comparison:
    """A power law against another distribution, on the same tail.

    Attributes
    ----------
    name
        ``lognormal``, ``exponential``, ``stretched_exponential`` or ``truncated_power_law``.
    ratio
        Log-likelihood ratio R, power law over the alternative: negative where that fits better.
    p_value
        Significance of the sign of R: Vuong's test, or for the truncated power law, which
        contains the power law, the chi-squared test (Clauset et al. 2009, appendix C).
    parameters
        Maximum-likelihood parameters of the alternative.
    """

    name: str
    ratio: float
    p_value: float
    parameters: dict[str, float]

    @property
    def better(self) -> bool:
        """Whether the alternative fits significantly better (p < 0.1, as Clauset et al. use)."""
        return self.ratio < 0 and self.p_value < BETTER_AT


class Tail:
    """The distinct values of a tail, how often each occurs, and its support."""

    def __init__(self, values: Array, counts: NDArray[np.int64], xmin: float, discrete: bool):
        self.x = values
        self.counts = counts
        self.xmin: float = float(xmin)
        self.discrete = discrete
        self.n: int = int(counts.sum())
        self.l: NDArray[np.float64] = np.log(values / xmin)
        self.mean: float = max(float((counts * self.l).sum()) / self.n, 1e-9)
        self.variance: float = max(float((counts * self.l**2).sum()) / self.n - self.mean**2, 1e-6)


def compare(tail: Tail, power_law: Array) -> tuple[Comparison, ...]:
    """Return the comparisons of a fitted power law with every alternative.

    Parameters
    ----------
    tail
        The tail on which the power law was fitted.
    power_law
        Its log-likelihood at each distinct value of the tail.
    """
    results = []
    for name, fit in _FAMILIES.items():
        fitted = fit(tail)
        if fitted is None:
            results.append(Comparison(name, math.nan, math.nan, {}))
            continue
        parameters, log_density = fitted
        nested = name == "truncated_power_law"
        ratio, p = ratio_test(power_law, log_density, tail.counts, nested)
        results.append(Comparison(name, ratio, p, parameters))
    return tuple(results)


def ratio_test(
    first: Array, second: Array, counts: NDArray[np.int64], nested: bool
) -> tuple[float, float]:
    """Return the log-likelihood ratio and the p-value of its sign.

    For distributions that are not nested, Vuong's ``erfc(|R| / (sigma sqrt(2 n)))``; for nested
    ones the probability that chi-squared of one degree exceeds ``2 |R|``.
    """
    n = int(counts.sum())
    difference = first - second
    ratio = float((difference * counts).sum())
    if nested:
        return ratio, math.erfc(math.sqrt(abs(ratio)))
    spread = math.sqrt(float((counts * (difference - ratio / n) ** 2).sum()) / n)
    if spread <= 1e-10:
        return ratio, 1.0 if abs(ratio) < 1e-6 else 0.0
    return ratio, math.erfc(abs(ratio) / (spread * math.sqrt(2 * n)))


def _exponential(tail: Tail) -> Fitted | None:
    excess = float((tail.counts * (tail.x - tail.xmin)).sum()) / tail.n
    if excess <= 0:
        return None
    rate = math.log1p(1 / excess) if tail.discrete else 1 / excess
    constant = math.log(-math.expm1(-rate)) if tail.discrete else math.log(rate)
    return {"rate": rate}, constant - rate * (tail.x - tail.xmin)


def _lognormal(tail: Tail) -> Fitted | None:
    # An exponential family in (l, l^2): the likelihood has one optimum.
    starts = [
        (1 + 1 / tail.mean, math.log(1e-3)),
        (1 - tail.mean / tail.variance, math.log(0.5 / tail.variance)),
    ]
    best = _optimise(tail, LOGNORMAL, starts, (-math.inf, -20.0), (math.inf, 12.0))
    if best is None:
        return None
    a, log_b, log_density = best
    variance = 0.5 / math.exp(log_b)
    mu = math.log(tail.xmin) + (1 - a) * variance
    return {"mu": mu, "sigma": math.sqrt(variance)}, log_density


def _stretched_exponential(tail: Tail) -> Fitted | None:
    starts = [(-math.log(tail.mean), math.log(beta)) for beta in (0.05, 0.7)]
    best = _optimise(tail, STRETCHED, starts, (-15.0, -9.0), (15.0, 4.0))
    if best is None:
        return None
    log_c, log_beta, log_density = best
    beta = math.exp(log_beta)
    # p ~ x^(beta - 1) exp(-(rate x)^beta) with (rate xmin)^beta = c / beta.
    log_rate = (log_c - log_beta) / beta - math.log(tail.xmin)
    rate = math.exp(log_rate) if abs(log_rate) < 700 else math.nan
    return {"rate": rate, "beta": beta}, log_density


def _truncated_power_law(tail: Tail) -> Fitted | None:
    log_largest = float(tail.l[-1])
    starts = [(1 + 1 / tail.mean, -log_largest - 4), (1.0, -log_largest)]
    best = _optimise(tail, TRUNCATED, starts, (-math.inf, -log_largest - 12), (math.inf, 10.0))
    if best is None:
        return None
    alpha, log_rate, log_density = best
    return {"alpha": alpha, "rate": math.exp(log_rate) / tail.xmin}, log_density


_FAMILIES: dict[str, Callable[[Tail], Fitted | None]] = {
    "lognormal": _lognormal,
    "exponential": _exponential,
    "stretched_exponential": _stretched_exponential,
    "truncated_power_law": _truncated_power_law,
}


def _optimise(
    tail: Tail,
    family: int,
    starts: Sequence[tuple[float, float]],
    low: tuple[float, float],
    high: tuple[float, float],
) -> tuple[float, float, Array] | None:
    """Return both parameters of greatest likelihood, and log p at each distinct value."""
    from scipy.optimize import minimize

    out = np.empty(tail.l.size)

    def objective(p: Array) -> float:
        if not (low[0] <= p[0] <= high[0] and low[1] <= p[1] <= high[1]):
            return 1e300
        return loss(family, p[0], p[1], tail.l, tail.counts, tail.xmin, tail.discrete, out)

    best, least = None, 1e299
    for start in starts:
        options = {"xatol": 1e-6, "fatol": 1e-8, "maxfev": 800}
        found = minimize(objective, np.array(start), method="Nelder-Mead", options=options)
        if found.fun < least:
            best, least = found.x, float(found.fun)
    if best is None:
        return None
    a, b = float(best[0]), float(best[1])
    fine = fill_log_density(family, a, b, tail.l, tail.xmin, tail.discrete, out)
    return (a, b, out) if fine else None
