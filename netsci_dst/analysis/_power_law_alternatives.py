"""Likelihood-ratio tests of a power law's tail against other distributions.

Every density is normalised on the support itself, integers or reals from xmin up. A family is a
function ``g(l)`` of ``l = log(x / xmin)`` (for the exponential term of x) with ``p(x) ~ exp(-g)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Integers summed one by one before the rest of the sum becomes an integral.
_SUMMED = 400
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_PANELS = 16
_REACH = 60.0  # the integral stops where the density has fallen by exp(-60)


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
        return self.ratio < 0 and self.p_value < 0.1


class Tail:
    """The distinct values of a tail, and the sums and integrals over its support."""

    def __init__(self, values: Array, counts: NDArray[np.int64], xmin: float, discrete: bool):
        self.xmin, self.discrete = xmin, discrete
        self.x, self.counts = values, counts
        self.n = int(counts.sum())
        self.l = np.log(values / xmin)
        self._summed = xmin + np.arange(_SUMMED if discrete else 0, dtype=np.float64)
        self._summed_l = np.log(self._summed / xmin)
        start = xmin + _SUMMED - 0.5 if discrete else xmin
        self._start = math.log(start / xmin)

    def log_density(self, g: Callable[[Array], Array]) -> Array | None:
        """Return log p at each distinct value, or None when the density cannot be normalised."""
        with np.errstate(over="ignore", invalid="ignore"):
            at = g(self.l)
            summed = g(self._summed_l)
            lowest = float(min(at.min(), summed.min() if summed.size else math.inf, g(_ZERO)[0]))
            total = float(np.exp(lowest - summed).sum()) + self._integral(g, lowest)
        if not (math.isfinite(total) and total > 0 and math.isfinite(lowest)):
            return None
        return lowest - at - math.log(total)

    def _integral(self, g: Callable[[Array], Array], lowest: float) -> float:
        """Integrate over x from the start, in t = log(x / xmin) by Gauss-Legendre panels.

        For integers this is the midpoint form of the Euler-Maclaurin sum, from half below the first
        integer that was not summed, with its first correction f'/24.
        """
        drop = lambda t: g(np.array([t]))[0] - t - lowest  # noqa: E731
        end = _reach(drop, self._start)
        if end is None:
            return math.inf
        edges = np.linspace(self._start, end, _PANELS + 1)
        # Finer panels at the start, where the density of a steep law is.
        edges = (
            self._start + (end - self._start) * ((edges - self._start) / (end - self._start)) ** 2
        )
        half = np.diff(edges) / 2
        t = (edges[:-1] + half)[:, None] + half[:, None] * _NODES
        f = np.exp(lowest - g(t.ravel()).reshape(t.shape) + t)
        total = float((f * _WEIGHTS * half[:, None]).sum()) * self.xmin
        if self.discrete:
            step = 1e-4
            at = np.array([self._start - step, self._start, self._start + step])
            values = np.exp(lowest - g(at))
            slope = (values[2] - values[0]) / (2 * step) / (self.xmin * math.exp(self._start))
            total += slope / 24
        return total


_ZERO = np.zeros(1)


def _reach(drop: Callable[[float], float], start: float) -> float | None:
    """Return a t beyond which the integrand is below exp(-60) of its highest; None if it never is."""
    base = min(drop(start), 0.0)
    width = 1e-6
    while width < 1e5:
        if drop(start + width) - max(base, drop(start)) > _REACH:
            low, high = width / 2, width
            for _ in range(20):
                middle = (low + high) / 2
                low, high = (
                    (low, middle)
                    if drop(start + middle) - max(base, drop(start)) > _REACH
                    else (middle, high)
                )
            return start + high
        width *= 2
    return None


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
        ratio, p = ratio_test(
            power_law, log_density, tail.counts, nested=name == "truncated_power_law"
        )
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
    variance = float((counts * (difference - ratio / n) ** 2).sum()) / n
    if variance <= 1e-20 * max(1.0, ratio * ratio):
        return ratio, 1.0 if abs(ratio) < 1e-6 else 0.0
    return ratio, math.erfc(abs(ratio) / math.sqrt(2 * n * variance))


Fitted = tuple[dict[str, float], Array]


def _exponential(tail: Tail) -> Fitted | None:
    excess = float((tail.counts * (tail.x - tail.xmin)).sum()) / tail.n
    if excess <= 0:
        return None
    rate = math.log1p(1 / excess) if tail.discrete else 1 / excess
    constant = math.log(-math.expm1(-rate)) if tail.discrete else math.log(rate)
    return {"rate": rate}, constant - rate * (tail.x - tail.xmin)


def _lognormal(tail: Tail) -> Fitted | None:
    # -log p = a l + b l^2 + constant, an exponential family: the likelihood has one optimum.
    mean, square = _moments(tail)
    spread = max(square - mean**2, 1e-6)
    starts = [(1 + 1 / mean, math.log(1e-3)), (1 - mean / spread, math.log(0.5 / spread))]
    best = _optimise(
        tail, lambda p: lambda l: p[0] * l + math.exp(p[1]) * l * l, starts, (None, (-20.0, 12.0))
    )
    if best is None:
        return None
    (a, log_b), log_density = best
    variance = 0.5 / math.exp(log_b)
    mu = math.log(tail.xmin) + (1 - a) * variance
    return {"mu": mu, "sigma": math.sqrt(variance)}, log_density


def _stretched_exponential(tail: Tail) -> Fitted | None:
    # -log p = (1 - beta) l + (c / beta) (e^(beta l) - 1); beta -> 0 is a power law of exponent 1 + c.
    mean, _ = _moments(tail)
    starts = [(-math.log(mean), math.log(beta)) for beta in (0.05, 0.5, 1.0)]

    def family(p: Array) -> Callable[[Array], Array]:
        c, beta = math.exp(p[0]), math.exp(p[1])
        return lambda l: (1 - beta) * l + c / beta * np.expm1(beta * l)

    best = _optimise(tail, family, starts, ((-15.0, 15.0), (-12.0, 4.0)))
    if best is None:
        return None
    (log_c, log_beta), log_density = best
    beta = math.exp(log_beta)
    # exp(-(rate x)^beta): rate^beta xmin^beta = c / beta.
    rate = math.exp((log_c - log_beta) / beta - math.log(tail.xmin)) if beta > 1e-3 else math.nan
    return {"rate": rate, "beta": beta}, log_density


def _truncated_power_law(tail: Tail) -> Fitted | None:
    mean, _ = _moments(tail)
    largest = float(tail.x[-1]) / tail.xmin
    starts = [(1 + 1 / mean, -math.log(largest) - 7), (1.0, -math.log(largest))]
    best = _optimise(
        tail,
        lambda p: lambda l: p[0] * l + math.exp(p[1]) * np.expm1(l),
        starts,
        (None, (-30.0, 10.0)),
    )
    if best is None:
        return None
    (alpha, log_rate), log_density = best
    return {"alpha": alpha, "rate": math.exp(log_rate) / tail.xmin}, log_density


_FAMILIES: dict[str, Callable[[Tail], Fitted | None]] = {
    "lognormal": _lognormal,
    "exponential": _exponential,
    "stretched_exponential": _stretched_exponential,
    "truncated_power_law": _truncated_power_law,
}


def _moments(tail: Tail) -> tuple[float, float]:
    mean = max(float((tail.counts * tail.l).sum()) / tail.n, 1e-9)
    return mean, float((tail.counts * tail.l**2).sum()) / tail.n


def _optimise(
    tail: Tail,
    family: Callable[[Array], Callable[[Array], Array]],
    starts: list[tuple[float, float]],
    bounds: tuple[tuple[float, float] | None, tuple[float, float] | None],
) -> tuple[Array, Array] | None:
    """Return the parameters of greatest likelihood and log p at each distinct value."""
    from scipy.optimize import minimize

    def loss(p: Array) -> float:
        for value, bound in zip(p, bounds, strict=True):
            if bound is not None and not bound[0] <= value <= bound[1]:
                return 1e300
        log_density = tail.log_density(family(p))
        return 1e300 if log_density is None else -float((tail.counts * log_density).sum())

    best, least = None, 1e299
    options = {"xatol": 1e-7, "fatol": 1e-8, "maxiter": 600, "maxfev": 1200}
    for start in starts:
        found = minimize(loss, np.array(start), method="Nelder-Mead", options=options)
        if found.fun < least:
            best, least = found.x, float(found.fun)
    if best is None:
        return None
    log_density = tail.log_density(family(best))
    return None if log_density is None else (best, log_density)
