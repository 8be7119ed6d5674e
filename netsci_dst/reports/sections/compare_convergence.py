"""How long each method takes to converge, and what share of the neurons it keeps."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ..chart import Block, Chart, Series
from ..comparison.model import Comparison
from ..comparison.statistics import interval
from ..comparison.variants import Variant
from ..page_section import section
from ..run_data import RunData


@section(
    "convergence",
    page="comparison",
    title="Time to converge, and neurons kept",
    after="methods",
    on_page=False,
    lead="Shorter bars: sooner done, or with fewer neurons.",
    definition="Time from the start to the first evaluation within 0.5 % of the run's best, "
    "evaluations included; share of the neurons that still have links at the end (ANP). Means "
    "over seeds with standard errors. Times of different machines cannot be compared.",
    source="Zhang et al. (CHT), ICLR 2024, fig. 4",
    computed_by="netsci_dst.reports",
)
def convergence(comparison: Comparison, within: float = 0.005) -> Iterator[Block]:
    """Show the time until a run is within a share of its best, and ANP, by data and model."""
    times = [time_to_converge(run, within, comparison.better) for run in comparison.runs]
    yield from _bars(comparison, "convergence", "Time to converge", "time", "s", times, y_log=True)
    anp = [values.get("anp", math.nan) for values in comparison.values]
    yield from _bars(comparison, "neurons-kept", "Neurons that keep links", "ANP", "", anp)


def time_to_converge(run: RunData, within: float, more_is_better: bool) -> float:
    """Return the seconds to the first evaluation within a share of the best; NaN if unknown."""
    metric, frame = run.metric, run.metrics
    if metric is None or "wall_s" not in frame:
        return math.nan
    known = frame[[metric, "wall_s"]].astype(float).dropna()
    values, seconds = known[metric].to_numpy(), known["wall_s"].to_numpy()
    if not len(values):
        return math.nan
    best = values.max() if more_is_better else values.min()
    near = values >= best - within * abs(best) if more_is_better else values <= best * (1 + within)
    return float(seconds[np.argmax(near)])


def _bars(
    comparison: Comparison,
    key: str,
    title: str,
    label: str,
    unit: str,
    values: list[float],
    y_log: bool = False,
) -> Iterator[Chart]:
    series: dict[str, tuple[str, list[str], list[float], list[float]]] = {}
    for setting, variants in comparison.settings():
        for variant in variants:
            found = interval([values[i] for i in variant.runs])
            if found.n:
                colour = comparison.colour(variant)
                _, x, y, errors = series.setdefault(variant.label, (colour, [], [], []))
                x.append(_spoken(setting, variant))
                y.append(found.mean)
                errors.append(0.0 if math.isnan(found.error) else found.error)
    if series:
        yield Chart(
            key,
            title,
            "",
            label,
            tuple(Series(n, x, y, "bar", c, error=e) for n, (c, x, y, e) in series.items()),
            y_log=y_log,
            y_unit=unit,
            share=not unit,
            measure=label,
        )


def _spoken(setting: tuple[str, str], variant: Variant) -> str:
    data, model = setting
    return f"{data}, {model}" if model else data
