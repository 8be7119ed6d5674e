"""Adjacency matrices as pictures."""

from __future__ import annotations

from collections.abc import Iterator

from ..chart import Block, Control, Heat, Panel
from ..frames import binned, rank_by_degree
from ..page_section import section
from ..run_data import RunData
from ..snapshot_pictures import node_word, snapshot_of


@section(
    "adjacency",
    title="Adjacency matrices",
    after="k_shells",
    lead="Even grey is random wiring; a dark corner (sorted by degree) is hubs linked to hubs.",
    definition="Rows are source neurons, columns target neurons; each cell shows the share of its "
    "possible links that exist, on one scale through all snapshots of the layer.",
    equation="A[u, v] = 1 when the link u → v exists",
    source="Zhang et al. (CHT), ICLR 2024, fig. 2",
    computed_by="Layer.to_scipy",
)
def adjacency(run: RunData, step: int | None = None, bins: int = 96) -> Iterator[Block]:
    """Show each layer's adjacency matrix, neurons sorted by degree, binned when large."""
    if run.topology is None or not run.topology.layers:
        return
    yield Control(
        "order",
        "Order",
        {"degree": "by degree", "native": f"of the {node_word(run)} themselves"},
        value="degree",
    )
    snapshot = snapshot_of(run, step)
    topology = snapshot.topology
    panels = []
    for layer in topology.layers:
        picture = binned(layer, bins, *rank_by_degree(topology, layer, topology.degrees))
        panels.append(Panel(layer.name, picture[: min(bins, layer.shape[0]), : layer.shape[1]]))
    yield Heat(
        "adjacency",
        f"Adjacency, step {snapshot.step}, {node_word(run)} by degree",
        "density of links",
        tuple(panels),
        f"target {node_word(run, 1)}",
        f"source {node_word(run, 1)}",
        live=True,
    )
