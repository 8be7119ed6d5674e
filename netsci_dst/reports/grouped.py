"""Runs that are averaged in a figure, and the moments at which they are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..snapshots import Snapshot
from .comparison.model import Comparison
from .run_data import RunData

_ALONE = "#0072B2"


@dataclass(frozen=True)
class Group:
    """Seeds of one another, by the name and colour of what they have in common."""

    label: str
    colour: str
    runs: tuple[RunData, ...]


def groups_of(subject: RunData | Comparison) -> list[Group]:
    """Return the runs with snapshots: one group for a run alone, else one for each variant."""
    if isinstance(subject, RunData):
        found = [Group(subject.name, _ALONE, (subject,))]
    else:
        found = [
            Group(variant.label, colour, tuple(subject.runs[i] for i in variant.runs))
            for variant, colour in zip(subject.variants, subject.colours)
        ]
    kept = [(g, tuple(r for r in g.runs if r.topology and r.topology.layers)) for g in found]
    return [Group(g.label, g.colour, runs) for g, runs in kept if runs]


def moments(run: RunData, times: int) -> list[Snapshot]:
    """Return up to so many snapshots, the first and the last among them, evenly apart."""
    snapshots = run.run.snapshots
    places = np.linspace(0, len(snapshots) - 1, min(times, len(snapshots))).round().astype(int)
    return [snapshots[int(place)] for place in np.unique(places)]


def when(run: RunData, snapshot: Snapshot) -> str:
    """Return the time of a snapshot in words."""
    return f"{run.time_label} {run.when(snapshot.step, snapshot.epoch):g}"


def averaged(
    group: Group, times: int, picture: Callable[[Snapshot], NDArray[np.float64]]
) -> list[tuple[str, NDArray[np.float64]]]:
    """Return a picture's mean over the group's runs at each moment, with the time in words.

    Runs with fewer moments than the first, or pictures of another shape, are left out of a mean.
    """
    first = group.runs[0]
    out = []
    series = [[picture(s) for s in moments(run, times)] for run in group.runs]
    for i, snapshot in enumerate(moments(first, times)):
        alike = [s[i] for s in series if i < len(s) and s[i].shape == series[0][i].shape]
        out.append((when(first, snapshot), np.mean(alike, axis=0)))
    return out
