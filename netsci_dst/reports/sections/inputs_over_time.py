"""Input maps at several times, each the mean over the seeds of a method."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...snapshots import Snapshot
from ..chart import Block, Heat, Panel
from ..grouped import at_moments, groups_of
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
    found = [
        (said if len(groups) == 1 else f"{group.label}, {said}", _mean(pictures))
        for group in groups
        for said, pictures in at_moments(group, times, _pictures)
    ]
    for i, (key, title, label) in enumerate(
        (
            ("inputs-over-time", "Links of each input", "links"),
            ("first-hidden-over-time", "First hidden layer mapped back", "paths"),
        )
    ):
        panels = [
            Panel(name, both[i]) for name, both in found if both.size and np.isfinite(both[i]).all()
        ]
        if panels:
            yield Heat(key, title, label, tuple(panels), measure=title, across=times)


def _mean(pictures: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the mean over runs; pictures of another shape than the first are left out."""
    return np.mean([one for one in pictures if one.shape == pictures[0].shape], axis=0)


def _pictures(snapshot: Snapshot) -> NDArray[np.float64]:
    """Return links and paths of the inputs, ``(2, height, width)``; empty without a grid."""
    from ...analysis import input_maps

    for found in input_maps(snapshot):
        both = [found.image(found.degrees), found.image(found.first_hidden)]
        if both[0].ndim == 2:
            return np.array(both, dtype=float)
    return np.empty((2, 0, 0))
