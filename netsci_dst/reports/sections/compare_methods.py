"""Every run as a dot, and what its accuracy cost."""

from __future__ import annotations

from collections.abc import Iterator

from ..chart import Block, Chart, Control, Mark, Series
from ..comparison.model import COSTS, Comparison
from ..comparison.variants import DENSE
from ..comparison.words import cost_title, ranked
from ..page_section import section


@section(
    "methods",
    page="comparison",
    title="Methods compared",
    after="progress",
    lead="Left: every run, with mean and 95 % interval; intervals that overlap widely mean that "
    "the seeds explain the gap. Right: up and to the left is more for less.",
    definition="Runs count as seeds of one method only where their recipes differ in nothing but "
    "the seed. Intervals are Student's t at 95 %. Two methods are told apart when the interval of "
    "their difference leaves zero out: paired where both have the same seeds, else Welch's. On the "
    "Pareto front are the methods that none beats in both metric and cost.",
    equation="x̄ ± t<sub>0.975, n−1</sub> s / √n",
    source="Student, Biometrika 6, 1908; Welch, Biometrika 34, 1947",
    computed_by="netsci_dst.reports",
)
def methods(comparison: Comparison) -> Iterator[Block]:
    """Show every run by method, and the metric against what it cost."""
    recorded = [name for name in COSTS if name in comparison.quantities]
    if comparison.cost:
        titles = {n: cost_title(n) for n in recorded}
        yield Control("cost", "Cost", titles, value=comparison.cost)
    yield dots(comparison)
    if comparison.cost:
        chart = against_cost(comparison, comparison.cost)
        if chart.series:
            yield chart


def dots(comparison: Comparison) -> Chart:
    """Return every run as a dot in the row of its method, the mean with its interval."""
    variants = [v for v in comparison.variants if comparison.seeds(v, "metric")]
    order = [*ranked(comparison, [v for v in variants if v.method != DENSE])]
    order += ranked(comparison, [v for v in variants if v.method == DENSE])
    scale = 100 if comparison.share else 1
    series = []
    for variant in order:
        values = [scale * comparison.values[i].get("metric", float("nan")) for i in variant.runs]
        colour = comparison.colour(variant)
        label = (
            variant.label
            if len({v.sparsity for v in order}) < 3
            else (f"{variant.label}, {100 * variant.sparsity:g} %")
        )
        series.append(Series(label, values, [label] * len(values), "points", colour))  # type: ignore[arg-type]
    dense = [v for v in order if v.method == DENSE]
    marks = ()
    if dense:
        mean = comparison.interval(dense[0], "metric").mean
        marks = (Mark("x", scale * mean, "dense"),)
    return Chart(
        "compare-metric",
        f"Test {comparison.metric_name} of every run",
        comparison.metric_name,
        "",
        tuple(series),
        marks,
        live=True,
        x_unit="%" if comparison.share else "",
        measure=comparison.metric,
    )


def against_cost(comparison: Comparison, name: str) -> Chart:
    """Return the metric of each method against a cost."""
    scale = 100 if comparison.share else 1
    series = []
    for variant, colour in zip(comparison.variants, comparison.colours):
        x = comparison.interval(variant, name)
        y = comparison.interval(variant, "metric")
        if x.n and y.n:
            error = [scale * y.half] if y.n > 1 else None
            series.append(
                Series(variant.label, [x.mean], [scale * y.mean], "points", colour, error=error)
            )
    title, unit = COSTS[name]
    spread = [float(s.x[0]) for s in series]
    return Chart(
        "compare-cost",
        "What it cost",
        title,
        comparison.metric_name,
        tuple(series),
        live=True,
        x_log=bool(spread) and min(spread) > 0 and max(spread) > 5 * min(spread),
        x_unit="" if unit in title else unit,
        y_unit="%" if comparison.share else "",
        measure=f"{comparison.metric} against {title}",
    )
