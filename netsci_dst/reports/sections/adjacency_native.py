"""Adjacency matrices in the order of the neurons themselves, where models of wiring show."""

from __future__ import annotations

from collections.abc import Iterator

from ..chart import Heat
from ..page_section import section
from ..run_data import RunData
from ..snapshot_pictures import node_word, snapshot_of
from .adjacency import panel


@section(
    "adjacency_native",
    title="Adjacency matrices, native order",
    after="adjacency",
    on_page=False,
    lead="A band along the diagonal is a small world or a receptive field; stripes are hubs.",
    definition="As in adjacency, with rows and columns in the order of the neurons themselves.",
    source="Zhang et al. (CHTs, 2024), fig. 2; (CHTss, 2025), fig. 5",
    computed_by="Layer.to_scipy",
)
def adjacency_native(run: RunData, step: int | None = 0, bins: int = 96) -> Iterator[Heat]:
    """Show each layer's links in native order, at the first snapshot unless told otherwise."""
    if run.topology is None or not run.topology.layers:
        return
    snapshot = run.run.snapshots[0] if step == 0 else snapshot_of(run, step)
    yield Heat(
        "adjacency-native",
        f"Adjacency, step {snapshot.step}, native order",
        "density of links",
        tuple(panel(layer, bins) for layer in snapshot.topology.layers),
        f"target {node_word(run, 1)}",
        f"source {node_word(run, 1)}",
        measure="density of links",
    )
