"""Scopes that are populations, and the groups of them that measures speak of."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..topology import Population, Topology
from .measure import NotApplicable


def population_scopes(topology: Topology) -> Iterator[tuple[str, Population, slice]]:
    """Yield each population of the graph with the name of its scope and its nodes."""
    if not topology.layers:
        raise NotApplicable("the network has no sparse layers")
    taken = {"network", "hidden", *(layer.name for layer in topology.layers)}
    for population in topology.graph_populations:
        name = population.name
        scope = f"population {name}" if name in taken else name
        yield scope, population, topology.nodes(name)


def node_groups(topology: Topology) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield the nodes of the network, of its hidden populations together, and of each population.

    A neuron keeps all its links here: the groups divide nodes, not links.
    """
    everywhere = np.ones(topology.n_nodes, dtype=bool)
    inner = np.zeros(topology.n_nodes, dtype=bool)
    single = []
    for scope, population, nodes in population_scopes(topology):
        member = np.zeros(topology.n_nodes, dtype=bool)
        member[nodes] = True
        single.append((scope, member))
        if population.role not in ("input", "output"):
            inner |= member
    yield "network", everywhere
    if topology.is_layered and inner.any():
        yield "hidden", inner
    if topology.is_layered:
        yield from single
