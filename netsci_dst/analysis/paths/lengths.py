"""Shortest paths: characteristic path length, global efficiency, diameter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graphs import as_adjacency
from ...snapshots import Snapshot
from ...topology import Topology
from ..directions import usable_arcs
from ..measure import Array, NotApplicable, Value, measure
from ..scopes import graph_scopes
from .sampling import affordable_samples, drawn_sources
from .weighted import directed_path_lengths

__all__ = ["PathLengths", "characteristic_path_length", "global_efficiency", "path_lengths"]


@dataclass(frozen=True, eq=False)
class PathLengths:
    """Lengths of the shortest paths of an undirected, unweighted graph.

    Attributes
    ----------
    characteristic
        Mean over the pairs of the largest component; NaN when it is a single node. Components that
        are equally large count together, so that no order of nodes decides.
    characteristic_all
        Mean over all pairs that a path joins, in whatever component.
    efficiency
        Mean of 1/d over all pairs of the graph, 0 for pairs without a path (Latora and Marchiori
        2001).
    efficiency_component
        The same over the pairs of the largest component.
    diameter
        Longest shortest path of the largest component.
    component_size
        Number of nodes of the largest component, of one where several are equally large.
    pairs
        Number of unordered pairs at each distance 0, 1, 2, ... in the graph.
    """

    characteristic: float
    characteristic_all: float
    efficiency: float
    efficiency_component: float
    diameter: int
    component_size: int
    pairs: NDArray[np.int64]


def path_lengths(graph: Any, samples: int | None = None, seed: int = 0) -> PathLengths:
    """Measure the shortest paths of a graph, undirected and unweighted.

    Time grows with nodes × links / 64; no distance matrix is held.

    Parameters
    ----------
    graph
        A graph of any accepted kind.
    samples
        Estimate from the paths of so many nodes of the largest component, drawn at random; the
        diameter is then a lower bound, and other components are left out. None for all nodes.
    seed
        Seeds the draw.

    Returns
    -------
    PathLengths
        Mean, efficiency, diameter, and the pairs at each distance.

    Examples
    --------
    >>> import networkx as nx
    >>> found = path_lengths(nx.star_graph(4))
    >>> found.characteristic, found.efficiency, found.diameter
    (1.6, 0.7, 2)
    """
    from .distances import distances, largest_components

    matrix = as_adjacency(graph)
    n = matrix.shape[0]
    if n == 0:
        nan = float("nan")
        return PathLengths(nan, nan, nan, nan, 0, 0, np.zeros(1, dtype=np.int64))
    inside, times = largest_components(matrix)
    main = np.flatnonzero(inside)
    drawn = drawn_sources(main.size, samples, seed)
    if drawn is not None:
        return _sampled(distances(matrix, main[drawn]).pairs, main.size, times, drawn.size, n)
    # Largest component first, the rest after it, so that one pass counts both.
    mine = distances(matrix, main).pairs
    pairs = mine.copy()
    rest = np.flatnonzero(~inside)
    if rest.size and np.diff(matrix.indptr)[rest].any():
        pairs = _add(pairs, distances(matrix, rest).pairs)
    return _summary(mine, pairs, main.size, times, n)


def _summary(
    mine: NDArray[np.int64], pairs: NDArray[np.int64], nodes: int, times: int, n: int
) -> PathLengths:
    """Return the figures from ordered pairs at each distance, in the largest and in all.

    ``nodes`` are those of the largest component, or of ``times`` that are equally large.
    """
    size = nodes // times
    lengths = np.arange(pairs.size)
    inverse = np.divide(1.0, lengths, out=np.zeros(pairs.size), where=lengths > 0)
    return PathLengths(
        characteristic=_ratio(mine @ np.arange(mine.size), mine.sum()),
        characteristic_all=_ratio(pairs @ lengths, pairs.sum()),
        efficiency=_ratio(pairs @ inverse, n * (n - 1)),
        efficiency_component=_ratio(mine @ inverse[: mine.size], nodes * (size - 1)),
        diameter=mine.size - 1,
        component_size=size,
        pairs=pairs // 2,
    )


def _sampled(found: NDArray[np.int64], nodes: int, times: int, sources: int, n: int) -> PathLengths:
    scaled = np.rint(found * (nodes / sources)).astype(np.int64)
    return _summary(scaled, scaled, nodes, times, n)


def characteristic_path_length(graph: Any) -> float:
    """Return the mean shortest path length over the pairs of the largest component.

    Parameters
    ----------
    graph
        A graph of any accepted kind; directions and weights do not count.

    Returns
    -------
    float
        In links; NaN without a link.

    Examples
    --------
    >>> import networkx as nx
    >>> characteristic_path_length(nx.cycle_graph(5))
    1.5
    """
    return path_lengths(graph).characteristic


def global_efficiency(graph: Any) -> float:
    """Return the mean of 1/d over all pairs of nodes; pairs without a path count 0.

    Parameters
    ----------
    graph
        A graph of any accepted kind; directions and weights do not count.

    Returns
    -------
    float
        From 0 to 1.

    Examples
    --------
    >>> import networkx as nx
    >>> global_efficiency(nx.star_graph(4))
    0.7
    """
    return path_lengths(graph).efficiency


def _add(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    total = np.zeros(max(a.size, b.size), dtype=np.int64)
    total[: a.size] += a
    total[: b.size] += b
    return total


def _ratio(a: Any, b: Any) -> float:
    return float(a) / float(b) if b else float("nan")


_MOST_VISITS = 1e12  # link visits, 64 at once and more: some minutes


def _seconds(topology: Topology) -> float:
    return 3e-10 * min(_MOST_VISITS, topology.n_nodes * topology.n_links)


@measure(
    "path_length",
    tier="deep",
    source="Watts and Strogatz 1998; Latora and Marchiori 2001",
    summary="How many links apart neurons are: characteristic path length, efficiency, diameter.",
    estimate=_seconds,
    version=4,
)
def _measure(
    snapshot: Snapshot, samples: int | None = None, seed: int = 0
) -> Iterator[Value | Array]:
    if snapshot.topology.n_links == 0:
        raise NotApplicable("the network has no links")
    for scope, topology in graph_scopes(snapshot.topology):
        taken = affordable_samples(topology, _MOST_VISITS / 4) if samples is None else samples
        found = path_lengths(topology, taken, seed)
        yield Value(scope, "characteristic_path_length", found.characteristic)
        yield Value(scope, "global_efficiency", found.efficiency)
        yield Value(scope, "diameter", found.diameter)
        yield Value(scope, "largest_component", found.component_size)
        yield Value(scope, "samples", min(taken or topology.n_nodes, topology.n_nodes))
        if scope == "network":
            yield Array("pairs_at_distance", found.pairs)
    if not snapshot.topology.is_layered:
        yield from _with_weights_and_directions(snapshot.topology, seed)


def _with_weights_and_directions(topology: Topology, seed: int) -> Iterator[Value]:
    given = usable_arcs(topology)
    names = [("directed", given.directed, False), ("weighted", given.weighted, True)]
    for name, there, weighted in names:
        if there:
            found = directed_path_lengths(topology, weighted=weighted, seed=seed)
            yield Value("network", f"characteristic_path_length_{name}", found.characteristic)
            yield Value("network", f"global_efficiency_{name}", found.efficiency)
            yield Value("network", f"reachable_share_{name}", found.reachable_share)
