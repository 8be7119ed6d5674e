"""Poisson regression of a rate on a power of degree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def poisson_slope(
    degree: NDArray[np.float64], hits: NDArray[np.float64], exposed: NDArray[np.float64]
) -> float:
    """Return a of ``hits ~ Poisson(exposed · c · degree^a)`` for degrees from 1 up, by Newton.

    NaN where fewer than two degrees occur, or where no finite exponent is best: nothing was hit, or
    the lowest or the highest degree alone.
    """
    used = (degree >= 1) & (exposed > 0)
    x, y, e = np.log(degree[used]), hits[used], exposed[used]
    inner = y.sum() > max(y[x == x.min()].sum(), y[x == x.max()].sum()) if x.size > 1 else False
    if not inner:
        return float("nan")
    x = x - x.mean()
    a = 0.0
    for _ in range(100):
        # The constant is at its optimum for each a: a problem in one dimension, and convex.
        mass = e * np.exp(a * x)
        mean = (mass @ x) / mass.sum()
        spread = (mass @ x**2) / mass.sum() - mean**2
        step = (y @ x / y.sum() - mean) / spread
        a += float(np.clip(step, -1, 1))
        if abs(step) < 1e-10:
            break
    return a
