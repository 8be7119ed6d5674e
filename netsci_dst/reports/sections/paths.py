"""Paths from inputs to outputs, and how many pass through hubs."""

from __future__ import annotations

from collections.abc import Iterator

from ..chart import Block, Words
from ..measure_charts import through_time
from ..page_section import section
from ..run_data import RunData

_QUANTITIES = {
    "paths": "paths",
    "hub_share_every": "share through a hub in every hidden layer",
    "hub_share_any": "share through any hub",
}


@section(
    "paths",
    title="Paths and hubs",
    after="dormant",
    lead="Many paths on few links, and most of them through a few hubs, is what brain-like wiring "
    "buys.",
    definition="Credit-assigned paths (CAP): directed paths from inputs through every sparse "
    "layer, counted exactly. Hub share: paths that pass a hub in every hidden population, of the "
    "80 neurons of highest degree in the two middle ones.",
    equation="CAP = 1<sup>T</sup> A<sub>1</sub> A<sub>2</sub> … A<sub>L</sub> 1",
    source="Zhang et al. (CHT), ICLR 2024, appendix K",
    computed_by="credit_assigned_paths",
)
def paths(run: RunData) -> Iterator[Block]:
    """Show the number of paths through the sparse layers, and the share that passes hubs."""
    if run.topology is None or not run.topology.layers or not run.topology.is_layered:
        return
    if not run.has("credit_paths"):
        yield Words("Paths were not counted for this run.", True, "credit_paths")
    known = {q for q, _ in run.quantities("credit_paths")}
    for quantity, label in _QUANTITIES.items():
        if quantity in known:
            chart = through_time(run, "credit_paths", quantity, label)
            if any(len(s.x) > 1 for s in chart.series):
                yield chart
