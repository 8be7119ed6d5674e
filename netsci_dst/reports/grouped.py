"""Runs that are averaged in a figure, and the moments at which they are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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


def at_moments(
    group: Group, times: int, of: Callable[[Snapshot], NDArray[Any]]
) -> list[tuple[str, list[NDArray[Any]]]]:
    """Return what snapshots of the group's runs show at each moment, with the time in words.

    The moments are those of the first run; a run that has fewer lacks the last ones.
    """
    first, *others = group.runs
    out = [(when(first, one), [of(one)]) for one in moments(first, times)]
    for run in others:
        for (_, found), one in zip(out, moments(run, times)):
            found.append(of(one))
    return out
