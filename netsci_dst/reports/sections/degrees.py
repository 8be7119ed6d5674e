"""Degree distributions and their power-law fits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..chart import Block, Chart, Control, Data, Mark, Series, Table, Words
from ..measure_charts import through_time
from ..numbers import p_value, percent, significant, with_error
from ..page_section import section
from ..run_data import RunData
from ..snapshot_pictures import hidden_populations, node_word, scope_degrees

FIT_MEASURES = ("power_law", "power_law_test")
_POINTS = "#0072B2"
_FIT = "#D55E00"


_FITTED = {
    ("power_law", "alpha"): "exponent of the tail, α",
    ("power_law", "gamma"): "exponent on plfit's grid, γ",
    ("power_law_test", "p_value"): "p of the power law",
}


@section(
    "degrees",
    title="Degree distribution",
    after="evolution",
    lead="A straight tail over more than a decade with p > 0.1 is compatible with a power law; a "
    "curve that drops like a cliff is not.",
    definition="The share of neurons with at least k links, on logarithmic axes, and the fitted "
    "tail from k_min up. α is the discrete maximum-likelihood exponent, k_min is chosen by the "
    "least Kolmogorov-Smirnov distance, p is the share of synthetic data sets from the fit that "
    "lie farther from their own fit (semi-parametric bootstrap). p > 0.1 does not rule a power "
    "law out; it does not prove one, least of all when the tail holds few neurons. γ is the same "
    "exponent on plfit's grid from 1.01 to 10; 10 is the cap: no power law.",
    equation="P(k) = k<sup>−α</sup> / ζ(α, k<sub>min</sub>),&emsp; α̂ = argmax [ −n ln ζ(α, "
    "k<sub>min</sub>) − α Σ ln k<sub>i</sub> ]",
    source="Clauset, Shalizi & Newman, Power-law distributions in empirical data, SIAM Review 51, "
    "2009; Matab, Survival of the most connected, section 4.6",
    computed_by="fit_power_law",
)
def degrees(run: RunData, step: int | None = None, scope: str = "network") -> Iterator[Block]:
    """Show how the links are spread over the neurons, with the fitted tail."""
    if run.topology is None or not run.topology.layers:
        return
    layered = run.topology.is_layered
    scopes = {"network": "whole network"}
    if layered:
        if hidden_populations(run.topology):
            scopes["hidden"] = "hidden neurons"
        scopes |= {p.name: p.name for p in run.populations}
        yield Control("scope", "Scope", scopes, value="network")
        yield Control(
            "direction", "Degree", {"total": "total", "in": "in", "out": "out"}, value="total"
        )
    yield ccdf(run, step, scope)
    yield histogram(run, step, scope)
    yield Data("fits", lambda: page_data(run))
    for (measure, quantity), label in _FITTED.items():
        chart = through_time(run, measure, quantity, label)
        if any(len(s.x) > 1 for s in chart.series):
            yield chart
    if not run.has("power_law"):
        yield Words("No fit is stored.", True, "power_law")
    yield from fit_tables(run)


def ccdf(run: RunData, step: int | None = None, scope: str = "network") -> Chart:
    """Return the log-log complementary cumulative distribution with its fit, if analysed."""
    step, values = scope_degrees(run, step, scope)
    x, counts = np.unique(values, return_counts=True)
    share = counts[::-1].cumsum()[::-1] / max(values.size, 1)
    word = node_word(run)
    series = [Series(word, x[x > 0], share[x > 0], "points", _POINTS)]
    marks: tuple[Mark, ...] = ()
    fitted = fit_line(run, step, scope, values)
    if fitted is not None:
        alpha, xmin, kx, ky = fitted
        series.append(Series(f"power law, α = {alpha:.2f}", kx, ky, "line", _FIT, "dash"))
        marks = (Mark("x", xmin, "k_min"),)
    return Chart(
        "degrees-ccdf",
        f"Degrees, {scope}, step {step}",
        "degree k",
        "share with degree ≥ k",
        tuple(series),
        marks,
        x_log=True,
        y_log=True,
        live=True,
        measure="complementary cumulative distribution of degrees",
        scope=scope,
    )


def fit_line(
    run: RunData, step: int, scope: str, values: NDArray[np.int64]
) -> tuple[float, float, NDArray[np.float64], NDArray[np.float64]] | None:
    """Return α, k_min and the fitted tail as points of the CCDF; None without a fit."""
    alpha = run.value("power_law", "alpha", scope, step)
    xmin = run.value("power_law", "xmin", scope, step)
    if alpha is None or xmin is None or alpha <= 1:
        return None
    from ...analysis import power_law_ccdf

    top = max(int(values.max(initial=1)), int(xmin) + 1)
    k = np.unique(np.geomspace(xmin, top, 30).round())
    tail = float((values >= xmin).mean()) if values.size else 1.0
    return alpha, xmin, k, tail * power_law_ccdf(k, alpha, xmin)


def histogram(run: RunData, step: int | None = None, scope: str = "network") -> Chart:
    """Return the histogram of degrees, one bar per degree or per bin of equal width."""
    step, values = scope_degrees(run, step, scope)
    top = int(values.max(initial=0)) + 1
    wide = max(1, math.ceil(top / 60))
    counts = np.bincount(values // wide, minlength=math.ceil(top / wide))
    centres = np.arange(counts.size) * wide + (wide - 1) / 2
    return Chart(
        "degrees-histogram",
        f"Degrees, {scope}, step {step}",
        "degree k",
        node_word(run),
        (Series(node_word(run), centres, counts, "bar", _POINTS),),
        live=True,
        measure="histogram of degrees",
        scope=scope,
    )


def page_data(run: RunData) -> dict[str, Any]:
    """Return the fits of every snapshot shown, with their curves."""
    fits: dict[str, Any] = {}
    frames = run.frames
    if frames is None:
        return fits
    for t, step in enumerate(frames.steps):
        values = frames.degree_in[t] + frames.degree_out[t]
        fitted = fit_line(run, step, "network", values)
        if fitted is not None:
            alpha, xmin, kx, ky = fitted
            fits[str(step)] = {
                "alpha": round(alpha, 4),
                "xmin": xmin,
                "x": kx.astype(int).tolist(),
                "y": [float(f"{y:.4g}") for y in ky],
                "gamma": run.value("power_law", "gamma", "network", step),
                "p": run.tail_p("network", step),
            }
    return fits


def fit_tables(run: RunData) -> Iterator[Block]:
    """Yield the tables of fits and of rivals, of the last snapshot that was tested."""
    scopes = list(dict.fromkeys(s for q, s in run.quantities("power_law") if q == "alpha"))
    if not scopes:
        return
    tested = run.series("power_law_test", "p_value", scopes[0])
    last = (tested if len(tested) else run.series("power_law", "alpha", scopes[0])).iloc[-1]
    step = int(last["step"])
    rows = [_row(run, scope, step) for scope in scopes]
    head = ["scope", "α", "k_min", "in the tail", "distance (KS)", "γ", "p", "verdict"]
    kept = [i for i in range(len(head)) if any(row[i] != "–" for row in rows)]
    note = "" if len(tested) else "Fitted, not tested: the measure power_law_test gives p."
    if scopes == ["network"] and len(tested):  # a sentence reads better than a column of one cell
        kept, verdict = [i for i in kept if 0 < i < len(head) - 1], rows[0][-1]
        note = "" if verdict == "–" else f"{verdict[0].upper()}{verdict[1:]}".rstrip(".") + "."
    when = f"{run.time_label} {significant(run.when(step, float(last['epoch'])), 4)}"
    when = f" at {when}" if len(run.run.snapshots) > 1 else ""
    yield Table(
        "degrees-fits",
        f"Power-law fits{when}; not ruled out means p > 0.1",
        [head[i] for i in kept],
        [[row[i] for i in kept] for row in rows],
        note=note,
    )
    yield from _alternatives(run, when)


def _row(run: RunData, scope: str, step: int) -> list[str]:
    get = lambda quantity, measure="power_law": run.value(measure, quantity, scope, step)  # noqa: E731
    alpha, p = get("alpha"), get("p_value", "power_law_test")
    n, share = get("n_tail"), get("tail_share")
    return [
        scope,
        "–" if alpha is None else with_error(alpha, get("sigma")),
        _cell(get("xmin")),
        "–" if n is None else f"{n:.0f}" + ("" if share is None else f" ({percent(share, 0)})"),
        _cell(get("ks")),
        _cell(get("gamma")),
        "–" if p is None else (run.tail_p(scope, step) or "–").removeprefix("= "),
        run.text("power_law_test", "verdict", scope) or "–",
    ]


def _cell(value: float | None) -> str:
    return "–" if value is None else significant(value)


def _alternatives(run: RunData, when: str) -> Iterator[Table]:
    pairs = run.quantities("power_law_test")
    names = [
        q.removeprefix("ratio_")
        for q in dict.fromkeys(q for q, _ in pairs)
        if q.startswith("ratio_") and not q.startswith("ratio_p_")
    ]
    rows = []
    for scope in dict.fromkeys(scope for _, scope in pairs):
        cells = []
        for name in names:
            ratio = run.value("power_law_test", f"ratio_{name}", scope)
            p = run.value("power_law_test", f"ratio_p_{name}", scope)
            known = ratio is not None and p is not None
            cells.append(f"{ratio:+.2f} (p {p_value(p)})" if known else "–")  # type: ignore[arg-type]
        if any(cell != "–" for cell in cells):
            rows.append([scope, *cells])
    if rows:
        yield Table(
            "degrees-alternatives",
            f"Power law against other laws{when}",
            ["scope", *(name.replace("_", " ") for name in names)],
            rows,
            fold=True,
            note="Log-likelihood ratio: above 0 favours the power law; with p above 0.1 it decides "
            "nothing.",
        )
