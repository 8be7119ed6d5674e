"""What each topology update did, by layer."""

from __future__ import annotations

import numpy as np

from .._chart import Chart, Mark, Series
from .._colours import palette
from .._data import RunData

STATISTICS = {
    "itop": ("In-time over-parameterisation (ITOP)", "share ever active"),
    "overlap": ("Overlap of removed and regrown links", "overlap"),
    "anp": ("Active neuron percentage (ANP)", "active / all neurons"),
    "active_neurons": ("Active neurons", "neurons"),
    "density": ("Density", "share of the possible"),
    "links": ("Links", "links"),
    "removed": ("Links removed", "links per update"),
    "regrown": ("Links regrown", "links per update"),
    "percolated": ("Links lost to percolation", "links per update"),
    "pruned": ("Links pruned by the density schedule", "links per update"),
    "zeta": ("Share of links removed (ζ)", "ζ"),
}
_NOT_STATISTICS = {"step", "epoch", "layer", "wall_s", "early_stopped"}


def charts(data: RunData) -> list[Chart]:
    """Return a chart for every recorded statistic; the whole network is the thick dark line."""
    frame = data.evolution
    if frame.empty:
        return []
    others = [c for c in frame.columns if c not in STATISTICS and c not in _NOT_STATISTICS]
    numeric = [c for c in others if frame[c].dtype.kind in "fiu"]
    shown = [name for name in (*STATISTICS, *numeric) if name in frame]
    if "pruned" in shown and not frame["pruned"].any():
        shown.remove("pruned")  # the density was not scheduled
    made = [chart(data, name) for name in shown]
    return [found for found in made if found.series]


def chart(data: RunData, statistic: str) -> Chart:
    """Return the chart of one column of the evolution table."""
    title, label = STATISTICS.get(statistic, (statistic.replace("_", " "), statistic))
    frame = data.evolution
    names = list(dict.fromkeys(frame["layer"]))
    layers = [name for name in names if name != "all"]
    colours = dict(zip(layers, palette(len(layers))))
    series = []
    for name in [*layers, *(["all"] if "all" in names else [])]:
        rows = frame[frame["layer"] == name]
        y = rows[statistic].astype(float).to_numpy()
        keep = np.isfinite(y)
        if not keep.any() or (len(layers) == 1 and name == "all"):
            continue
        whole = name == "all"
        series.append(
            Series(
                "whole network" if whole else str(name),
                rows["epoch"].astype(float).to_numpy()[keep],
                y[keep],
                "line",
                "#7f7f7f" if whole else colours[name],
                width=3 if whole else 1.8,
            )
        )
    marks = ()
    if statistic == "overlap":
        marks = (Mark("y", data.elm_threshold, "epitopological local minimum (ELM)"),)
    return Chart(
        f"evolution-{statistic}", title, "epoch", label, tuple(series), marks, x_is_epoch=True
    )


def elm_episodes(data: RunData) -> dict[str, int]:
    """Return per layer how many separate spells its overlap spent at or above the ELM line."""
    frame = data.evolution
    if "overlap" not in frame:
        return {}
    counts = {}
    for name, rows in frame.groupby("layer", sort=False):
        if name != "all":
            above = rows["overlap"].astype(float).to_numpy() >= data.elm_threshold
            counts[str(name)] = int(above[0] + (above[1:] & ~above[:-1]).sum()) if len(above) else 0
    return counts
