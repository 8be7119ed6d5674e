"""Neurons that do little: few links, or hardly ever active."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..chart import Block, Chart, Control, Series
from ..colours import population_colours
from ..page_section import section
from ..run_data import RunData


@section(
    "dormant",
    title="Dormant neurons",
    after="inputs",
    lead="A rising line is a layer giving neurons up: percolation when they lose every link, waste "
    "when they keep a few.",
    definition="By links: neurons with at most τ links (drag τ; the paper uses 10 and 110). By "
    "activity: neurons whose mean output on the probe batch is at most τ of their population's "
    "mean.",
    equation="s<sub>i</sub> = E|h<sub>i</sub>| / mean<sub>k</sub> E|h<sub>k</sub>| ≤ τ",
    source="Sokar et al., The dormant neuron phenomenon, ICML 2023; Matab, Survival of the most "
    "connected, fig. 9",
    computed_by="dormant",
)
def dormant(run: RunData, threshold: int = 10) -> Iterator[Block]:
    """Show the share of neurons of at most ``threshold`` links through the snapshots."""
    if run.topology is None or not run.topology.layers or not run.topology.is_layered:
        return
    top = max(int(run.topology.degrees.max(initial=1)), threshold, 20)
    yield Control("tau", "τ, links", low=0, high=min(top, 200), value=threshold)
    yield by_links(run, threshold)
    if run.has("dormant") and any(q.startswith("activation") for q, _ in run.quantities("dormant")):
        yield Control(
            "activity", "τ, share of the mean activity", low=0, high=1, step=0.01, value=0.1
        )
        yield by_activity(run)


def by_links(run: RunData, threshold: int) -> Chart:
    """Return the share of each population with at most ``threshold`` links."""
    frames = run.frames
    assert frames is not None
    starts = np.cumsum([0, *(p.size for p in frames.populations)])
    degrees = np.asarray(frames.degree_in) + np.asarray(frames.degree_out)
    colours = population_colours(len(frames.populations))
    kind = "line+points" if len(frames.steps) < 40 else "line"
    series = tuple(
        Series(
            p.name,
            frames.times,
            (degrees[:, starts[i] : starts[i + 1]] <= threshold).mean(axis=1),
            kind,  # type: ignore[arg-type]
            colours[i],
        )
        for i, p in enumerate(frames.populations)
    )
    return Chart(
        "dormant",
        f"Neurons with at most {threshold} links",
        run.time_label,
        "share of neurons",
        series,
        over_time=True,
        live=True,
        share=True,
        measure=f"share of neurons with at most {threshold} links",
    )


def by_activity(run: RunData) -> Chart:
    """Return the share of each population that is hardly active, as it was computed."""
    quantity = next(
        q
        for q, _ in reversed(run.quantities("dormant"))
        if q.startswith("activation_") and q.endswith("_share")
    )
    colours = population_colours(len(run.populations))
    series = []
    for i, p in enumerate(run.populations):
        rows = run.series("dormant", quantity, p.name)
        if len(rows):
            y = rows["value"].astype(float).to_numpy()
            series.append(Series(p.name, run.times(rows), y, "line+points", colours[i]))
    tau = quantity.removeprefix("activation_").removesuffix("_share")
    return Chart(
        "dormant-activity",
        f"Neurons at most {tau} times as active as their population",
        run.time_label,
        "share of neurons",
        tuple(series),
        over_time=True,
        live=True,
        share=True,
        measure=f"dormant: {quantity}",
    )
