"""How the result depends on any two fields of the recipe."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from ..chart import Block, Data, Table, View, Words
from ..comparison.model import COSTS, STRUCTURE, Comparison
from ..comparison.sensitivity import SHOWN, TITLES, crossed, grid, heat_map, levels, varied
from ..page_section import section
from ..paper import draw
from ..plotly_chart import figure


@section(
    "sensitivity",
    page="comparison",
    title="Sensitivity",
    after="learning",
    lead="Where does the result hinge on a choice, and where is it flat?",
    definition="Each cell is the mean over the runs of two values of two fields of the recipe, "
    "small pictures for the values of a third; empty cells have no run. A gradient along one side "
    "only means that the other field does not matter.",
    source="Zhang et al. (CHTss), 2025, tables 14 and 15",
    computed_by="netsci-dst sweep",
)
def compare_sensitivity(
    comparison: Comparison, x: str = "", y: str = "", facet: str = ""
) -> Iterator[Block]:
    """Show heat maps of metric, ANP, hubs, ITOP and cost over two fields that runs differ in."""
    fields = varied(comparison)
    frame = grid(comparison)
    found = crossed(frame, fields)
    if found is None:
        return
    x, y = x or found[0], y or found[1]
    fields = [*found, *(f for f in fields if f not in found)]
    quantities = [q for q in SHOWN if q in comparison.quantities]
    for quantity in quantities:
        heat = partial(
            heat_map, frame, x, y, quantity, facet or None, _title(comparison, quantity),
            _share(comparison, quantity),
        )  # fmt: skip
        yield View(
            f"sensitivity-{quantity.split(':')[0].replace(' ', '-')}",
            _title(comparison, quantity),
            lambda heat=heat: draw(heat()),
            lambda heat=heat: figure(heat()),
            numbers=lambda heat=heat: _table(heat()),
        )
    if len(fields) > 2:
        named = ", ".join(f.rpartition(".")[2] for f in fields[:8])
        yield Words(f"The runs differ in {named}: any two can be chosen.")
    yield Data("grid", lambda: page_data(comparison, fields, quantities))


def _title(comparison: Comparison, quantity: str) -> str:
    return comparison.metric_name if quantity == "metric" else TITLES.get(quantity, quantity)


def _share(comparison: Comparison, quantity: str) -> bool:
    if quantity == "metric":
        return comparison.share
    return STRUCTURE.get(quantity, ("", False))[1] or "share" in quantity


def _table(heat: Any) -> Table:
    rows = [
        [panel.name, str(b), str(a), f"{panel.values[i, j]:.7g}"]
        for panel in heat.panels
        for i, b in enumerate(panel.y or ())
        for j, a in enumerate(panel.x or ())
    ]
    return Table(heat.key, heat.title, ["panel", heat.y_label, heat.x_label, heat.label], rows)


def page_data(comparison: Comparison, fields: list[str], quantities: list[str]) -> dict[str, Any]:
    """Return the fields of each run, and how each quantity is shown."""
    frame = grid(comparison)
    return {
        "fields": {f: [None if v is None else str(v) for v in frame[f]] for f in fields},
        "levels": {f: levels(frame[f]) for f in fields},
        "shown": [
            [q, _title(comparison, q), _share(comparison, q), COSTS.get(q, ("", ""))[1]]
            for q in quantities
        ],
    }
