"""Active neurons: how much of the network still takes part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graphs import as_adjacency
from ...snapshots import Snapshot
from ...topology import Topology
from ..measure import Array, Value, measure
from ..scopes import node_groups, refuse_general

__all__ = ["ActiveNeurons", "active_neurons"]


@dataclass(frozen=True, eq=False)
class ActiveNeurons:
    """Which neurons of the graph are active.

    Attributes
    ----------
    mask
        Whether each node is active, shape ``(n_nodes,)``.
    by_population
        Number of active neurons and of all neurons of each population.
    """

    mask: NDArray[np.bool_]
    by_population: Mapping[str, tuple[int, int]]

    @property
    def active(self) -> int:
        """Number of active neurons."""
        return int(self.mask.sum())

    @property
    def total(self) -> int:
        """Number of neurons of the populations that sparse layers join."""
        return self.mask.size

    @property
    def share(self) -> float:
        """ANP: active over all neurons, between 0 and 1."""
        return self.active / self.total if self.total else float("nan")


def active_neurons(graph: Any) -> ActiveNeurons:
    """Return the active neurons of a topology (ANP), each population counted once.

    A neuron is active with an outgoing link in a sparse layer; where no sparse layer leaves its
    population, with an incoming one. Inputs count; an output that only a dense layer feeds does
    not. In a general network a node is active with any link.

    Parameters
    ----------
    graph
        A topology or snapshot, or a general network of any accepted kind.

    Returns
    -------
    ActiveNeurons
        The mask over all nodes, and the counts by population.

    References
    ----------
    CHT, section 4.3 and table A3; CHTss, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from netsci_dst.topology import Topology
    >>> chain = Topology.chain([np.array([[1, 0], [0, 0]]), np.array([[1], [1]])])
    >>> active_neurons(chain).by_population
    {'input': (1, 2), 'hidden1': (2, 2), 'output': (1, 1)}
    """
    topology = getattr(graph, "topology", graph)
    if not isinstance(topology, Topology) or not topology.is_layered:
        mask = np.diff(as_adjacency(graph).indptr) > 0
        return ActiveNeurons(mask, {"nodes": (int(mask.sum()), mask.size)})
    leaves = np.zeros(topology.n_nodes, dtype=np.int64)
    enters = np.zeros(topology.n_nodes, dtype=np.int64)
    for layer in topology.layers:
        leaves[topology.nodes(layer.source)] += layer.out_degrees
        enters[topology.nodes(layer.target)] += layer.in_degrees
    sources = {layer.source for layer in topology.layers}
    mask = np.zeros(topology.n_nodes, dtype=bool)
    counts = {}
    for population in topology.graph_populations:
        nodes = topology.nodes(population.name)
        links = leaves if population.name in sources else enters
        mask[nodes] = links[nodes] > 0
        counts[population.name] = (int(mask[nodes].sum()), population.size)
    return ActiveNeurons(mask, counts)


@measure("active_neurons", tier="cheap", source="CHT, table A3; CHTss, table 1")
def active_neurons_measure(snapshot: Snapshot) -> Iterator[Value | Array]:
    """Active neurons and their share of all (ANP), also of each population."""
    refuse_general(snapshot.topology)
    found = active_neurons(snapshot)
    for scope, member in node_groups(snapshot.topology):
        inside = found.mask[member]
        yield Value(scope, "active", int(inside.sum()))
        yield Value(scope, "neurons", inside.size)
        yield Value(scope, "anp", float(inside.mean()))
    yield Array("active", found.mask)
