"""Degree distributions at several times, each the mean over the seeds of a method."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..chart import Block, Chart, Mark, Series
from ..colours import population_colours
from ..grouped import at_moments, groups_of
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
    found = [at_moments(g, times, lambda one: degrees_in(one.topology, scope)) for g in groups]
    if len(groups) == 1:
        colours = population_colours(len(found[0]))
        lines = [_line(said, colour, d) for (said, d), colour in zip(found[0], colours)]
        yield _chart("degrees-over-time", f"Degrees, {scope}", lines, scope)
        return
    for i, (said, _) in enumerate(found[0]):
        lines = [
            _line(group.label, group.colour, own[i][1])
            for group, own in zip(groups, found)
            if i < len(own)
        ]
        yield _chart(f"degrees-over-time-{i + 1}", f"Degrees, {scope}, {said}", lines, scope)


def _line(name: str, colour: str, degrees: list[NDArray[np.int64]]) -> Series:
    """Return the mean over runs of the share of neurons of at least each degree."""
    k = np.arange(1, max(int(d.max(initial=0)) for d in degrees) + 1)
    below = [np.searchsorted(np.sort(d), k, "left") / max(d.size, 1) for d in degrees]
    return Series(name, k, 1 - np.mean(below, axis=0), "line", colour)


def _chart(key: str, title: str, lines: list[Series], scope: str) -> Chart:
    return Chart(
        key,
        title,
        "degree k",
        "share with degree ≥ k",
        tuple(line for line in lines if len(line.x)),
        tuple(Mark("x", float(line.x[-1])) for line in lines if len(line.x)),
        x_log=True,
        y_log=True,
        measure="complementary cumulative distribution of degrees",
        scope=scope,
    )
