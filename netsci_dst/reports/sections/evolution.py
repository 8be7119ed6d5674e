"""What each topology update did, by layer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..chart import Block, Chart, Mark, Series, Table, Words
from ..colours import NEUTRAL, population_colours
from ..numbers import count, percent
from ..page_section import section
from ..run_data import RunData

# Column -> title, axis, whether it is a share.
STATISTICS = {
    "itop": ("Links ever tried (ITOP)", "possible links", True),
    "overlap": ("Overlap of removed and regrown links", "regrown links", True),
    "anp": ("Active neurons (ANP)", "neurons", True),
    "active_neurons": ("Active neurons, in number", "neurons", False),
    "density": ("Density", "possible links", True),
    "links": ("Links", "links", False),
    "removed": ("Links removed", "links per update", False),
    "regrown": ("Links regrown", "links per update", False),
    "percolated": ("Links lost to percolation", "links per update", False),
    "pruned": ("Links pruned by the density schedule", "links per update", False),
    "zeta": ("Share of links removed (ζ)", "links", True),
}
_NOT_STATISTICS = {"step", "epoch", "layer", "wall_s", "early_stopped"}


@section(
    "evolution",
    title="Evolution of the links",
    after="training",
    lead="ITOP tells how much of the network was ever tried; an overlap at the dotted line means "
    "the topology has settled.",
    definition="Recorded at every topology update, for each layer: the links removed and regrown, "
    "how many were the same (the overlap; at the recipe's threshold, mostly 0.9, the layer is in "
    "an epitopological local minimum, ELM), the share of all possible links that was ever active "
    "(ITOP, in-time over-parameterisation), and the share of neurons that still have links (ANP, "
    "active neuron percentage). A line of more than 1,500 points is thinned on the page, not in "
    "its CSV.",
    equation="overlap = |removed ∩ regrown| / |regrown|;&emsp; ITOP = |∪<sub>t</sub> "
    "links<sub>t</sub>| / |possible|;&emsp; ANP = active / all neurons",
    source="Liu et al., Do we actually need dense over-parameterization? ICML 2021; Zhang et al. "
    "(CHT), ICLR 2024",
    computed_by="Run.evolution",
)
def evolution(run: RunData) -> Iterator[Block]:
    """Show the statistics of the topology updates by layer, such as ``overlap`` or ``itop``."""
    frame = run.evolution
    if frame.empty:
        if run.topology is not None and run.topology.layers and run.method:
            yield Words("The topology was not updated while it trained.")
        return
    others = [c for c in frame.columns if c not in STATISTICS and c not in _NOT_STATISTICS]
    numeric = [c for c in others if frame[c].dtype.kind in "fiu"]
    names = [n for n in (*STATISTICS, *numeric) if n in frame]
    names = [n for n in names if n != "pruned" or frame[n].any()]
    charts = [made for made in (chart(run, name) for name in names) if made.series]
    if frame["step"].nunique() > 1:
        yield from charts
    else:
        yield _one_update(charts, int(frame["step"].iloc[0]))


def _one_update(charts: list[Chart], step: int) -> Table:
    """Return what a single update did: a point in a chart of its own says less than a number."""
    layers = list(dict.fromkeys(s.name for made in charts for s in made.series))
    rows = []
    for made in charts:
        at = {s.name: float(s.y[0]) for s in made.series}
        say = percent if made.share else count
        rows.append([made.title, *(say(at[n]) if n in at else "–" for n in layers)])
    return Table("evolution-update", f"The only update, at step {step}", ["", *layers], rows)


def chart(run: RunData, statistic: str) -> Chart:
    """Return the chart of one column; the whole network is the thick grey line."""
    known = STATISTICS.get(statistic, (statistic.replace("_", " "), statistic, False))
    title, label, share = known
    frame = run.evolution
    names = list(dict.fromkeys(frame["layer"])) if "layer" in frame else []
    layers = [name for name in names if name != "all"]
    colours = dict(zip(layers, population_colours(len(layers))))
    series = []
    for name in [*layers, *(["all"] if "all" in names else [])]:
        rows = frame[(frame["layer"] == name).to_numpy()]
        y = rows[statistic].astype(float).to_numpy()
        keep = np.isfinite(y)
        if not keep.any() or (len(layers) == 1 and name == "all"):
            continue
        whole = name == "all"
        series.append(
            Series(
                "whole network" if whole else str(name),
                run.times(rows)[keep],
                y[keep],
                "line+points" if keep.sum() < 12 else "line",
                NEUTRAL if whole else colours[name],
                width=3 if whole else 1.8,
            )
        )
    marks = ()
    if statistic == "overlap":
        marks = (Mark("y", run.elm_threshold, "local minimum (ELM)"),)
    return Chart(
        f"evolution-{statistic}",
        title,
        run.time_label,
        label,
        tuple(series),
        marks,
        over_time=True,
        share=share,
        measure=statistic,
    )
