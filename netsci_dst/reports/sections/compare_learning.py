"""How methods learn: any curve through training."""

from __future__ import annotations

from collections.abc import Iterator

from ..chart import Block, Chart, Control, Series
from ..comparison.model import Comparison
from ..page_section import section
from .evolution import STATISTICS


@section(
    "learning",
    page="comparison",
    title="How they learn",
    after="networks",
    lead="Which learns sooner, and which explores longest? Bands are 95 % intervals over seeds.",
    definition="The mean over the seeds of a method at every time at which all of them were "
    "evaluated; its band is the 95 % t interval. The CSV holds every evaluation of every run at "
    "its own time.",
    source="Zhang et al. (CHT), ICLR 2024, fig. 3",
)
def compare_learning(comparison: Comparison, curve: str = "metric") -> Iterator[Block]:
    """Show a curve through training by method: the metric, a logged one, or an evolution's."""
    names = comparison.curve_names
    label = {"metric": comparison.metric_name} | {k: v[0] for k, v in STATISTICS.items()}
    yield Control("curve", "Show", {n: label.get(n, n) for n in names}, value=curve)
    yield curves(comparison, curve)


def curves(comparison: Comparison, name: str) -> Chart:
    """Return one line for each run."""
    series = []
    for variant, colour in zip(comparison.variants, comparison.colours):
        for i in variant.runs:
            x, y = comparison.curve(comparison.runs[i], name)
            if len(x):
                label = variant.label if i == variant.runs[0] else ""
                series.append(Series(label, x, y, "line", colour))
    share = STATISTICS[name][2] if name in STATISTICS else comparison.share and name == "metric"
    label = comparison.metric_name if name == "metric" else name.replace("_", " ")
    return Chart(
        "compare-curve",
        "Through training",
        comparison.time_label,
        label,
        tuple(series),
        live=True,
        share=share,
        measure=comparison.metric if name == "metric" else name,
    )
