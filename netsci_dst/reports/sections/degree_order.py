"""How much of the order of neurons by degree persists: Kendall's τ between all times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..chart import Block, Heat, Panel, Words
from ..grouped import Group, groups_of
from ..page_section import section
from ..run_data import RunData

if TYPE_CHECKING:
    from ..comparison.model import Comparison

_WORDS: dict[str, Any] = {
    "title": "Order by degree",
    "lead": "Dark away from the diagonal: those who have many links keep them.",
    "definition": "Kendall's τ-b between the degrees of the same neurons at two times; the mean "
    "over seeds.",
    "equation": "τ<sub>b</sub> = (C − D) / √((n<sub>0</sub> − n<sub>1</sub>)(n<sub>0</sub> − "
    "n<sub>2</sub>))",
    "source": "Kendall 1945; Matab, Survival of the most connected, fig. 20",
    "computed_by": "degree_correlation",
}
_MEASURE = "degree_correlation"


@section("degree_order", page="comparison", on_page=False, **_WORDS)
@section("degree_order", after="k_shells", on_page=False, **_WORDS)
def degree_order(subject: RunData | Comparison, scope: str = "hidden") -> Iterator[Block]:
    """Show Kendall's τ of the degrees in a scope between all pairs of snapshots."""
    panels = [panel for group in groups_of(subject) for panel in _panels(group, scope)]
    if not panels:
        yield Words("The order by degree is not computed.", True, _MEASURE)
        return
    yield Heat(
        "degree-order",
        f"Order of neurons by degree, {scope}",
        "Kendall's τ",
        tuple(panels),
        "step",
        "step",
        measure="Kendall's τ-b of degrees",
        scope=scope,
    )


def _panels(group: Group, scope: str) -> Iterator[Panel]:
    found = [
        (matrix, steps)
        for run in group.runs
        if (matrix := run.run_array(_MEASURE, f"matrix/{scope}")) is not None
        and (steps := run.run_array(_MEASURE, "steps")) is not None
    ]
    alike = [matrix for matrix, steps in found if np.array_equal(steps, found[0][1])]
    if alike:
        steps = [int(step) for step in found[0][1]]
        yield Panel(group.label, np.mean(alike, axis=0), steps, steps)
