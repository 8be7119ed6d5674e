"""Degree distributions and their power-law fits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._chart import Chart, Mark, Series
from .._data import RunData
from ._snapshot import scope_degrees


def ccdf(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return each value of at least 1 and the share of all values that reach it."""
    x, counts = np.unique(values, return_counts=True)
    share = counts[::-1].cumsum()[::-1] / max(values.size, 1)
    return x[x > 0], share[x > 0]


def ccdf_chart(data: RunData, step: int | None = None, scope: str = "network") -> Chart:
    """Return the log-log complementary cumulative distribution with its fit, if analysed."""
    step, degrees = scope_degrees(data, step, scope)
    x, y = ccdf(degrees)
    series = [Series("neurons", x, y, "points", "#0072B2")]
    marks: tuple[Mark, ...] = ()
    fitted = fit_line(data, step, scope, degrees)
    if fitted is not None:
        alpha, xmin, kx, ky = fitted
        series.append(Series(f"power law, α = {alpha:.2f}", kx, ky, "line", "#D55E00", "dash"))
        marks = (Mark("x", xmin, "k_min"),)
    return Chart(
        "degrees-ccdf",
        f"Degrees, {scope}, step {step}",
        "degree k",
        "share of neurons with degree ≥ k",
        tuple(series),
        marks,
        x_log=True,
        y_log=True,
    )


def fit_line(
    data: RunData, step: int, scope: str, degrees: NDArray[np.int64]
) -> tuple[float, float, NDArray[np.float64], NDArray[np.float64]] | None:
    """Return α, k_min and the fitted tail as points of the CCDF; None without a fit."""
    alpha = data.value("power_law", "alpha", scope, step)
    xmin = data.value("power_law", "xmin", scope, step)
    if alpha is None or xmin is None or alpha <= 1:
        return None
    from ...analysis.power_laws.zeta import scaled_zeta

    top = max(int(degrees.max(initial=1)), int(xmin) + 1)
    k = np.unique(np.geomspace(xmin, top, 30).round())
    tail = float((degrees >= xmin).mean()) if degrees.size else 1.0
    # The scaled form: steep tails that begin late would underflow.
    ratio = np.array([scaled_zeta(alpha, q) for q in k]) / scaled_zeta(alpha, xmin)
    return alpha, xmin, k, tail * (xmin / k) ** alpha * ratio


def histogram_chart(data: RunData, step: int | None = None, scope: str = "network") -> Chart:
    """Return the histogram of degrees, one bar per degree or per bin of equal width."""
    step, degrees = scope_degrees(data, step, scope)
    edges = np.histogram_bin_edges(degrees, bins=min(60, int(degrees.max(initial=1)) + 1))
    counts, _ = np.histogram(degrees, edges)
    centres = (edges[:-1] + edges[1:]) / 2
    return Chart(
        "degrees-histogram",
        f"Degrees, {scope}, step {step}",
        "degree k",
        "neurons",
        (Series("neurons", centres, counts, "bar", "#0072B2"),),
    )
