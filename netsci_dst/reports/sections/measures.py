"""Every value that the analysis stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..chart import Block, Data, Table, View, Words
from ..measure_charts import through_time
from ..numbers import significant
from ..page_section import section
from ..plotly_chart import numbers as json_numbers
from ..run_data import RunData


@section(
    "measures",
    title="Every measure",
    after="growth",
    lead="Choose any quantity to see it through training; the table holds the last snapshot.",
    definition="All values that the analysis stored for this run. Deep measures are taken on the "
    "first, the last and log-spaced snapshots.",
    source="Each measure names its source: netsci-dst list measures",
    computed_by="analyze",
)
def measures(run: RunData) -> Iterator[Block]:
    """Show every quantity of every measure through the snapshots, and a table of the last."""
    rows = last_values(run)
    if not rows:
        yield Words("Nothing was analysed yet.", True, "")
        return
    if len(run.run.snapshots) > 1:
        yield View("measures", "Through training")
        yield Data("measures", lambda: page_data(run))
    yield Table(
        "measures-last",
        f"All {len(rows)} values of the last snapshots",
        ["measure", "quantity", "scope", run.time_label, "value"],
        rows,
        fold=True,
    )


def last_values(run: RunData) -> list[tuple[str, ...]]:
    """Return the last stored value of every quantity."""
    v = run.values
    if v.empty:
        return []
    ordered = v.sort_values("step", kind="stable")
    last = ordered.groupby(["measure", "quantity", "scope"], sort=False).tail(1)
    rows = []
    for row in last.to_dict("records"):
        text = row["text"] if isinstance(row["text"], str) else ""
        number = row["value"] is not None and np.isfinite(row["value"])
        when = significant(run.when(int(row["step"]), float(row["epoch"])), 5)
        value = significant(row["value"], 5) if number and not text else text
        rows.append((row["measure"], row["quantity"], row["scope"], when, value))
    return sorted(rows)


def page_data(run: RunData) -> list[dict[str, Any]]:
    """Return, for the chart that shows any of them, every quantity through the snapshots."""
    known = dict.fromkeys((m, q) for m, q, _ in run.groups)
    made = []
    for measure, quantity in sorted(known):
        chart = through_time(run, measure, quantity)
        series = [s for s in chart.series if len(s.x) > 1]
        if series:
            lines = [[s.name, json_numbers(s.x), json_numbers(s.y)] for s in series]
            made.append({"measure": measure, "quantity": quantity, "series": lines})
    return made
