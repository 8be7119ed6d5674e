"""Compiled likelihoods of the alternatives to a power law, normalised on their own support.

A family is a function ``g(l)`` of ``l = log(x / xmin)`` with ``p(x) ~ exp(-g)`` for the integers,
or the reals, from xmin up.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

LOGNORMAL, STRETCHED, TRUNCATED = 0, 1, 2

# Integers summed one by one before the rest of the sum becomes an integral.
_SUMMED = 400
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_PANELS = 16
_REACH = 60.0  # the integral stops where the density has fallen by exp(-60)


@njit(cache=True, nogil=True)
def exponent_at(family: int, a: float, log_b: float, l: float) -> float:
    """Return ``g(l)``: quadratic in l, or linear in l plus a multiple of x^beta or of x."""
    b = math.exp(log_b)
    if family == LOGNORMAL:
        return a * l + b * l * l
    if family == STRETCHED:
        # a is log c; for beta -> 0 this is a power law of exponent 1 + c.
        return (1.0 - b) * l + math.exp(a) / b * math.expm1(min(b * l, 700.0))
    return a * l + b * math.expm1(min(l, 700.0))


@njit(cache=True, nogil=True)
def _reach(family: int, a: float, b: float, start: float, lowest: float) -> float:
    """Return a t beyond which the integrand has fallen by exp(-60); infinite if it never does."""
    highest = min(exponent_at(family, a, b, start) - start - lowest, 0.0)
    highest = max(highest, exponent_at(family, a, b, start) - start - lowest)
    width = 1e-6
    while exponent_at(family, a, b, start + width) - start - width - lowest - highest <= _REACH:
        width *= 2.0
        if width > 1e5:
            return math.inf
    low, high = width / 2.0, width
    for _ in range(8):
        middle = 0.5 * (low + high)
        fall = exponent_at(family, a, b, start + middle) - start - middle - lowest - highest
        if fall > _REACH:
            high = middle
        else:
            low = middle
    return start + high


@njit(cache=True, nogil=True)
def _integral(family: int, a: float, b: float, xmin: float, start: float, lowest: float) -> float:
    """Integrate exp(lowest - g) over x from the start, in t = log(x / xmin), by Gauss's rule."""
    end = _reach(family, a, b, start, lowest)
    if end == math.inf:
        return math.inf
    total = 0.0
    for panel in range(_PANELS):
        # Finer panels at the start, where the density of a steep law is.
        left = start + (end - start) * (panel / _PANELS) ** 2
        right = start + (end - start) * ((panel + 1) / _PANELS) ** 2
        half = 0.5 * (right - left)
        for k in range(_NODES.size):
            t = left + half * (1.0 + _NODES[k])
            total += half * _WEIGHTS[k] * math.exp(lowest - exponent_at(family, a, b, t) + t)
    return total * xmin


@njit(cache=True, nogil=True)
def log_normaliser(
    family: int, a: float, b: float, xmin: float, discrete: bool, lowest: float
) -> float:
    """Return the logarithm of the sum, or integral, of ``exp(lowest - g)`` over the support."""
    if not discrete:
        return math.log(_integral(family, a, b, xmin, 0.0, lowest))
    total = 0.0
    for k in range(_SUMMED):
        total += math.exp(lowest - exponent_at(family, a, b, math.log1p(k / xmin)))
    # The rest as the midpoint form of the Euler-Maclaurin sum, with its first correction f' / 24.
    start = math.log1p((_SUMMED - 0.5) / xmin)
    total += _integral(family, a, b, xmin, start, lowest)
    step = 1e-4
    rise = math.exp(lowest - exponent_at(family, a, b, start + step))
    rise -= math.exp(lowest - exponent_at(family, a, b, start - step))
    return math.log(total + rise / (2.0 * step) / (xmin * math.exp(start)) / 24.0)


@njit(cache=True, nogil=True)
def fill_log_density(
    family: int, a: float, b: float, l: NDArray[Any], xmin: float, discrete: bool, out: NDArray[Any]
) -> bool:
    """Fill log p at each value; return False when the density cannot be normalised."""
    lowest = exponent_at(family, a, b, 0.0)
    for i in range(l.size):
        out[i] = exponent_at(family, a, b, l[i])
        lowest = min(lowest, out[i])
    normaliser = log_normaliser(family, a, b, xmin, discrete, lowest)
    if not (math.isfinite(normaliser) and math.isfinite(lowest)):
        return False
    for i in range(l.size):
        out[i] = lowest - out[i] - normaliser
    return True


@njit(cache=True, nogil=True)
def loss(
    family: int,
    a: float,
    b: float,
    l: NDArray[Any],
    counts: NDArray[Any],
    xmin: float,
    discrete: bool,
    out: NDArray[Any],
) -> float:
    """Return minus the log-likelihood; 1e300 when the density cannot be normalised."""
    if not fill_log_density(family, a, b, l, xmin, discrete, out):
        return 1e300
    total = 0.0
    for i in range(l.size):
        total -= counts[i] * out[i]
    return total if math.isfinite(total) else 1e300
