"""Small worlds: short paths as in a random network, clustering as in a lattice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...checks import whole_number
from ...snapshots import Snapshot
from ...topology import Topology
from ..measure import NotApplicable, Value, measure
from ..scopes import graph_scopes

__all__ = ["SmallWorld", "small_worldness"]


@dataclass(frozen=True)
class SmallWorld:
    """Small-worldness against null models with the same degrees.

    Attributes
    ----------
    sigma
        ``(C / C_random) / (L / L_random)``; above 1 in a small world (Humphries and Gurney 2008).
    omega
        ``L_random / L − C / C_lattice``; near 0 in a small world, towards −1 in a lattice and 1 in
        a random network (Telesford et al. 2011).
    clustering, path_length
        C and L of the graph: clustering on four-cycles where the graph is layered or bipartite,
        on triangles else; path length of the largest component.
    clustering_random, clustering_lattice, path_length_random
        Means over the null graphs.
    """

    sigma: float
    omega: float
    clustering: float
    path_length: float
    clustering_random: float
    clustering_lattice: float
    path_length_random: float


def small_worldness(graph: Any, n: int = 10, seed: int = 0) -> SmallWorld:
    """Measure small-worldness σ and ω.

    The null graphs keep every degree: links are exchanged at random, or towards a ring lattice,
    within each layer. A bipartite graph given without layers counts as one layer.

    Parameters
    ----------
    graph
        A graph of any accepted kind.
    n
        Number of random and of lattice graphs.
    seed
        Seeds them.

    Returns
    -------
    SmallWorld
        σ, ω and what they are made of.

    Examples
    --------
    >>> import networkx as nx
    >>> small_worldness(nx.connected_watts_strogatz_graph(100, 6, 0.1, seed=1)).sigma > 1
    True
    """
    from .sides import as_topology

    n, seed = whole_number("the number of null graphs", n, 1), whole_number("seed", seed)
    topology = as_topology(graph)
    return _worlds([topology], topology, n, seed)[0]


def _worlds(parts: Sequence[Topology], whole: Topology, n: int, seed: int) -> list[SmallWorld]:
    """Measure some parts of a network against the same null graphs of the whole."""
    from ..nulls.models import degree_preserving, lattice, part_like

    rngs = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2 * n)]
    c_random, length_random, c_lattice = (np.zeros((len(parts), n)) for _ in range(3))
    for i, (for_random, for_lattice) in enumerate(zip(rngs[:n], rngs[n:])):
        random, ring = degree_preserving(whole, for_random), lattice(whole, for_lattice)
        for place, part in enumerate(parts):
            c_random[place, i] = _clustering(part_like(random, part))
            length_random[place, i] = _length(part_like(random, part))
            c_lattice[place, i] = _clustering(part_like(ring, part))
    means = zip(c_random.mean(axis=1), c_lattice.mean(axis=1), length_random.mean(axis=1))
    return [_compared(part, *map(float, mean)) for part, mean in zip(parts, means)]


def _compared(
    topology: Topology, c_random: float, c_lattice: float, length_random: float
) -> SmallWorld:
    c, length = _clustering(topology), _length(topology)
    sigma = _ratio(_ratio(c, c_random), _ratio(length, length_random))
    omega = _ratio(length_random, length) - _ratio(c, c_lattice)
    return SmallWorld(sigma, omega, c, length, c_random, c_lattice, length_random)


def _clustering(topology: Topology) -> float:
    from .clustering import bipartite_clustering, clustering

    take = bipartite_clustering if topology.is_layered else clustering
    return take(topology).value


def _length(topology: Topology) -> float:
    from ..paths.lengths import path_lengths

    return path_lengths(topology).characteristic


def _ratio(a: float, b: float) -> float:
    return a / b if b else float("nan")


def _seconds(topology: Topology) -> float:
    square = float((topology.degrees.astype(float) ** 2).sum())
    paths = 3e-10 * topology.n_nodes * topology.n_links
    return 13 * (6e-6 * topology.n_links + 6e-9 * square + paths)


@measure(
    "small_world",
    tier="deep",
    source="Humphries and Gurney 2008; Telesford et al. 2011",
    summary="Whether paths are as short as at random and clustering as high as in a lattice.",
    estimate=_seconds,
    version=5,
)
def _measure(snapshot: Snapshot, n: int = 10, seed: int = 0) -> Iterator[Value]:
    if snapshot.topology.n_links == 0:
        raise NotApplicable("the network has no links")
    whole = snapshot.topology
    parts = [(scope, part) for scope, part in graph_scopes(whole) if part.n_links]
    n, seed = whole_number("the number of null graphs", n, 1), whole_number("seed", seed)
    for (scope, _), found in zip(parts, _worlds([part for _, part in parts], whole, n, seed)):
        for name, value in vars(found).items():
            yield Value(scope, name, value)
