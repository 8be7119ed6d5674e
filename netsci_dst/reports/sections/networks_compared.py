"""Several networks side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..chart import Block, Chart, Series, Table
from ..colours import palette
from ..networks.data import NetworkData
from ..networks.tiles import tiles
from ..page_section import section
from .degrees import ccdf


@section(
    "side-by-side",
    page="networks",
    title="Side by side",
    after="first",
    lead="What sets these networks apart?",
    definition="The figures of each network's own first screen; open one below for what they mean "
    "and how they were computed.",
    source="Each figure names its source on the page of its network",
)
def side_by_side(networks: Sequence[NetworkData]) -> Iterator[Block]:
    """Show the figures of several networks in one table, and their degrees in one chart."""
    found = [{t.key: t for group in tiles(n) for t in group.tiles} for n in networks]
    keys = list(dict.fromkeys(key for tiles_ in found for key in tiles_))
    titles = {key: t.label for tiles_ in found for key, t in tiles_.items()}
    rows = [
        [n.name, *(tiles_[key].value if key in tiles_ else "–" for key in keys)]
        for n, tiles_ in zip(networks, found)
    ]
    yield Table("networks", "Figures", ["network", *(titles[key] for key in keys)], rows)
    colours = palette(len(networks))
    series = []
    for i, network in enumerate(networks):
        first = ccdf(network).series[0]
        series.append(Series(network.name, first.x, first.y, "line+points", colours[i]))
    yield Chart(
        "networks-degrees",
        "Degrees",
        "degree k",
        "share with degree ≥ k",
        tuple(series),
        x_log=True,
        y_log=True,
        measure="complementary cumulative distribution of degrees",
    )
