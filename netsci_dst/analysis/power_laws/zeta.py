"""The Hurwitz zeta function and its logarithmic derivatives, by the Euler-Maclaurin formula.

Everything is in the scaled form ``h(s, q) = q^s zeta(s, q) = sum_k (q / (q + k))^s``, which is at
least 1 and neither overflows nor underflows however large the exponent and the lower bound are.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

# B_2j / (2j)! for j = 1..8.
_BERNOULLI = np.array(
    [
        1.0 / 12.0,
        -1.0 / 720.0,
        1.0 / 30240.0,
        -1.0 / 1209600.0,
        1.0 / 47900160.0,
        -691.0 / 1307674368000.0,
        1.0 / 74724249600.0,
        -3617.0 / 10670622842880000.0,
    ]
)
_NEGLIGIBLE = 1e-17


@njit(cache=True, nogil=True)
def scaled_zeta(s: float, q: float) -> float:
    """Return ``q^s zeta(s, q)`` for ``s > 1`` and ``q > 0``, to about 1e-15 relative."""
    total = 0.0
    x = q
    # Beyond this point eight correction terms of the Euler-Maclaurin sum reach double precision.
    while x < 14.0 + s:
        term = math.exp(-s * math.log(x / q)) if x > q else 1.0
        total += term
        if term < _NEGLIGIBLE * total:
            return total
        x += 1.0
    correction = 0.5 + x / (s - 1.0)
    inverse = 1.0 / x
    factor = s * inverse
    for j in range(_BERNOULLI.size):
        term = _BERNOULLI[j] * factor
        correction += term
        if abs(term) < _NEGLIGIBLE * correction:
            break
        factor *= (s + 2 * j + 1.0) * (s + 2 * j + 2.0) * inverse * inverse
    return total + correction * (math.exp(-s * math.log(x / q)) if x > q else 1.0)


@njit(cache=True, nogil=True)
def log_zeta_derivatives(s: float, q: float) -> tuple[float, float, float]:
    """Return ``h`` and the first and second derivative of ``log h`` in ``s``."""
    h0, h1, h2 = 0.0, 0.0, 0.0
    x = q
    done = False
    while x < 14.0 + s:
        log = math.log(x / q)
        term = math.exp(-s * log)
        h0 += term
        h1 -= log * term
        h2 += log * log * term
        if term * (1.0 + log * log) < _NEGLIGIBLE * h0:
            done = True
            break
        x += 1.0
    if not done:
        # G, G', G'' of the correction, then of (q / x)^s G by the product rule.
        away = s - 1.0
        g0 = 0.5 + x / away
        g1 = -x / (away * away)
        g2 = 2.0 * x / (away * away * away)
        inverse = 1.0 / x
        f0, f1, f2 = s * inverse, inverse, 0.0
        for j in range(_BERNOULLI.size):
            b = _BERNOULLI[j]
            g0 += b * f0
            g1 += b * f1
            g2 += b * f2
            if abs(b * f0) < _NEGLIGIBLE * g0 and abs(b * f1) < _NEGLIGIBLE * abs(g1):
                break
            for step in range(1, 3):
                a = (s + 2 * j + step) * inverse
                f2 = f2 * a + 2.0 * f1 * inverse
                f1 = f1 * a + f0 * inverse
                f0 = f0 * a
        log = math.log(x / q)
        scale = math.exp(-s * log)
        h0 += scale * g0
        h1 += scale * (g1 - log * g0)
        h2 += scale * (g2 - 2.0 * log * g1 + log * log * g0)
    first = h1 / h0
    return h0, first, h2 / h0 - first * first


@njit(cache=True, nogil=True)
def solve_exponent(q: float, excess: float) -> float:
    """Return the exponent at which ``-d log h / ds`` equals ``excess``, the mean of log(x / q).

    This is the maximum-likelihood exponent of a discrete power law on q, q + 1, ...; infinite when
    ``excess`` is not positive. The derivative is monotone and concave, so Newton's method from the
    continuous approximation cannot fail.
    """
    if excess <= 0.0:
        return math.inf
    s = 1.0 + 1.0 / (excess - math.log1p(-0.5 / q))
    for _ in range(200):
        _, first, second = log_zeta_derivatives(s, q)
        if second <= 0.0:
            return s
        step = (first + excess) / second
        step = min(step, 0.5 * (s - 1.0))
        s -= step
        if abs(step) <= 1e-9 * s:
            break
    return s
