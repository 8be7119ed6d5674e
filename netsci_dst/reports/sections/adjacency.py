"""Adjacency matrices as pictures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...topology import Layer
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
    yield Heat(
        "adjacency",
        f"Adjacency, step {snapshot.step}, {node_word(run)} by degree",
        "density of links",
        tuple(
            panel(layer, bins, rank_by_degree(topology, layer, topology.degrees))
            for layer in topology.layers
        ),
        f"target {node_word(run, 1)}",
        f"source {node_word(run, 1)}",
        live=True,
    )


def panel(
    layer: Layer,
    bins: int,
    ranks: tuple[NDArray[np.int64], NDArray[np.int64]] | tuple[None, None] = (None, None),
) -> Panel:
    """Return a layer's matrix, binned when large; without ranks in the order of the neurons."""
    picture = binned(layer, bins, *ranks)
    return Panel(layer.name, picture[: min(bins, layer.shape[0]), : layer.shape[1]])
