"""The metric over two settings of the recipe, as bars with standard errors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ...errors import UnknownName
from ..chart import Block, Chart, Series
from ..colours import CATEGORIES
from ..comparison.model import Comparison
from ..comparison.sensitivity import crossed, grid, levels
from ..comparison.statistics import interval
from ..page_section import section


@section(
    "bars",
    page="comparison",
    title="Bars over two settings",
    after="sensitivity",
    on_page=False,
    lead="Bars whose whiskers overlap widely are not told apart.",
    definition="The mean of a quantity over the runs of a cell, with its standard error.",
    source="Zhang et al. (CHTss, 2025), figs. 9, 10, 12",
    computed_by="netsci_dst.reports",
)
def bars(
    comparison: Comparison, x: str | None = None, by: str | None = None, quantity: str = "metric"
) -> Iterator[Block]:
    """Show a quantity over two fields of the recipe; by default those that cross in most cells.

    ``x`` and ``by`` are dotted names of fields in which the runs differ, such as ``sparsity`` and
    ``method_options.initialiser``; ``quantity`` any final value of the comparison.
    """
    frame = grid(comparison)
    fields = [c for c in frame if c not in comparison.quantities]
    if x is None or by is None:
        found = crossed(frame, [f for f in fields if f != "seed"]) if fields else None
        if found is None:
            return
        x, by = x or found[0], by or found[1]
    for name, known in ((x, fields), (by, fields), (quantity, comparison.quantities)):
        if name not in known:
            raise UnknownName("setting" if known is fields else "quantity", name, known)
    share = quantity == "metric" and comparison.share
    yield Chart(
        f"bars-{quantity.replace(' ', '-')}",
        comparison.metric_name if quantity == "metric" else quantity,
        x.rpartition(".")[2].replace("_", " "),
        comparison.metric_name if quantity == "metric" else quantity,
        tuple(
            _row(frame, x, by, level, quantity, CATEGORIES[i % len(CATEGORIES)])
            for i, level in enumerate(levels(frame[by]))
        ),
        share=share,
        measure=quantity,
    )


def _row(frame: Any, x: str, by: str, level: Any, quantity: str, colour: str) -> Series:
    here = frame[frame[by].astype(str) == str(level)]
    cells = [(a, here[here[x].astype(str) == str(a)][quantity]) for a in levels(frame[x])]
    found = [(str(a), interval([float(v) for v in values])) for a, values in cells]
    kept = [(a, one) for a, one in found if one.n]
    return Series(
        f"{by.rpartition('.')[2].replace('_', ' ')} {level}",
        [a for a, _ in kept],
        [one.mean for _, one in kept],
        "bar",
        colour,
        error=[0.0 if math.isnan(one.error) else one.error for _, one in kept],
    )
