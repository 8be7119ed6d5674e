"""Input maps at several times, each the mean over the seeds of a method."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...snapshots import Snapshot
from ..chart import Block, Heat, Panel
from ..grouped import averaged, groups_of
from ..layout import on_grid
from ..page_section import section
from ..run_data import RunData

if TYPE_CHECKING:
    from ..comparison.model import Comparison

_WORDS: dict[str, Any] = {
    "title": "Input maps over time",
    "lead": "Where the links of the inputs gather, and the paths of the first hidden layer.",
    "definition": "The links of each input on the grid of the image, and the first hidden layer "
    "mapped back to it, at several times; the mean over seeds. Channels are added.",
    "source": "Matab, Survival of the most connected, figs. 8, 19",
    "computed_by": "input_maps",
}


@section("inputs_over_time", page="comparison", on_page=False, **_WORDS)
@section("inputs_over_time", after="inputs", on_page=False, **_WORDS)
def inputs_over_time(subject: RunData | Comparison, times: int = 5) -> Iterator[Block]:
    """Show the input maps of each method at several times (Survival figs. 8, 19)."""
    groups = [g for g in groups_of(subject) if any(on_grid(p) for p in g.runs[0].populations)]
    for key, title, field in (
        ("inputs-over-time", "Links of each input", "degrees"),
        ("first-hidden-over-time", "First hidden layer mapped back", "first_hidden"),
    ):
        panels = [
            Panel(said if len(groups) == 1 else f"{group.label}, {said}", values)
            for group in groups
            for said, values in averaged(group, times, lambda s, field=field: _picture(s, field))
            if values.size and np.isfinite(values).all()
        ]
        if panels:
            label = "links" if field == "degrees" else "paths"
            yield Heat(key, title, label, tuple(panels), measure=title, across=times)


def _picture(snapshot: Snapshot, field: str) -> NDArray[np.float64]:
    from ...analysis import input_maps

    for found in input_maps(snapshot):
        picture = np.asarray(found.image(getattr(found, field)), dtype=float)
        if picture.ndim == 2:
            return picture
    return np.empty((0, 0))
