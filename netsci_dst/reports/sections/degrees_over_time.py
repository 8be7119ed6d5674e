"""Degree distributions at several times, each the mean over the seeds of a method."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..chart import Block, Chart, Mark, Series
from ..colours import population_colours
from ..grouped import Group, groups_of, moments, when
from ..page_section import section
from ..run_data import RunData
from ..snapshot_pictures import degrees_in

if TYPE_CHECKING:
    from ..comparison.model import Comparison

_WORDS: dict[str, Any] = {
    "title": "Degree distributions over time",
    "lead": "Hubs show as tails that grow longer; a vertical line ends each distribution.",
    "definition": "The share of the neurons of a scope with at least k links, at several times "
    "from the first snapshot to the last, as the mean over seeds; a hidden neuron's degree counts "
    "all its links. The scope input shows the degrees of the inputs.",
    "source": "Matab, Survival of the most connected, figs. 4, 5, 18",
    "computed_by": "Topology.degrees",
}


@section("degrees_over_time", page="comparison", on_page=False, **_WORDS)
@section("degrees_over_time", after="degrees", on_page=False, **_WORDS)
def degrees_over_time(
    subject: RunData | Comparison, times: int = 5, scope: str = "hidden"
) -> Iterator[Block]:
    """Show degree distributions at several times: of a run in one figure, of methods in one each.

    ``scope`` is ``network``, ``hidden``, or the name of a population or layer.
    """
    groups = groups_of(subject)
    if not groups:
        return
    curves = [_curves(group, times, scope) for group in groups]
    if len(groups) == 1:
        colours = population_colours(len(curves[0]))
        lines = [_Line(w, c, x, y) for (w, x, y), c in zip(curves[0], colours)]
        yield _chart("degrees-over-time", f"Degrees, {scope}", lines, scope)
        return
    for i, (said, _, _) in enumerate(curves[0]):
        lines = [
            _Line(group.label, group.colour, *found[i][1:])
            for group, found in zip(groups, curves)
            if i < len(found)
        ]
        yield _chart(f"degrees-over-time-{i + 1}", f"Degrees, {scope}, {said}", lines, scope)


class _Line:
    def __init__(self, name: str, colour: str, x: NDArray[np.int64], y: NDArray[np.float64]):
        self.name, self.colour, self.x, self.y = name, colour, x, y


def _curves(
    group: Group, times: int, scope: str
) -> list[tuple[str, NDArray[np.int64], NDArray[np.float64]]]:
    """Return time, degrees and mean share of neurons of at least that degree, for each moment."""
    per_run = [[degrees_in(s.topology, scope) for s in moments(r, times)] for r in group.runs]
    out = []
    for i, snapshot in enumerate(moments(group.runs[0], times)):
        here = [series[i] for series in per_run if i < len(series)]
        k = np.arange(1, max(int(d.max(initial=0)) for d in here) + 1)
        shares = [np.searchsorted(np.sort(d), k, "left") / max(d.size, 1) for d in here]
        out.append((when(group.runs[0], snapshot), k, 1 - np.mean(shares, axis=0)))
    return out


def _chart(key: str, title: str, lines: list[_Line], scope: str) -> Chart:
    return Chart(
        key,
        title,
        "degree k",
        "share with degree ≥ k",
        tuple(Series(one.name, one.x, one.y, "line", one.colour) for one in lines if len(one.x)),
        tuple(Mark("x", float(one.x[-1])) for one in lines if len(one.x)),
        x_log=True,
        y_log=True,
        measure="complementary cumulative distribution of degrees",
        scope=scope,
    )
