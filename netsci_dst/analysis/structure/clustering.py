"""Clustering: on four-cycles for layered networks, on triangles for general ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graphs import as_adjacency
from ...snapshots import Snapshot
from ...topology import Topology
from ..directions import arcs, usable_arcs
from ..measure import Array, NotApplicable, Value, measure
from ..scopes import graph_scopes

__all__ = [
    "BipartiteClustering",
    "Clustering",
    "bipartite_clustering",
    "clustering",
    "weighted_clustering",
]


@dataclass(frozen=True, eq=False)
class BipartiteClustering:
    """Clustering of a graph without triangles.

    Attributes
    ----------
    value
        Four times the number of four-cycles over the number of paths of length three (Robins and
        Alexander 2004); NaN without such paths.
    four_cycles, three_paths
        The two numbers.
    local
        Latapy's coefficient of each node (Latapy, Magnien, del Vecchio 2008): mean Jaccard overlap
        of its neighbourhood with those of the nodes two steps away; 0 where there are none.
    mean_local
        Mean of `local` over all nodes.
    """

    value: float
    four_cycles: int
    three_paths: int
    local: NDArray[np.float64]
    mean_local: float


@dataclass(frozen=True, eq=False)
class Clustering:
    """Clustering on triangles.

    Attributes
    ----------
    value
        Mean of `local` over all nodes (Watts and Strogatz 1998).
    transitivity
        Three times the triangles over the pairs of adjacent links; NaN without such pairs.
    triangles
        Number of triangles.
    local
        For each node the share of its pairs of neighbours that are linked; 0 below two links.
    """

    value: float
    transitivity: float
    triangles: int
    local: NDArray[np.float64]


def bipartite_clustering(graph: Any) -> BipartiteClustering:
    """Measure clustering on cycles of four, the shortest that a layered network can have.

    Parameters
    ----------
    graph
        A graph of any accepted kind; it need not be bipartite.

    Returns
    -------
    BipartiteClustering
        The value, its two counts, and that of each node.

    Examples
    --------
    >>> import networkx as nx
    >>> bipartite_clustering(nx.complete_bipartite_graph(3, 4)).value
    1.0
    """
    from .cycles import arrays, four_cycles, triangles

    matrix = as_adjacency(graph)
    indptr, indices = arrays(matrix)
    cycles, local = four_cycles(indptr, indices)
    less = np.diff(indptr) - 1
    row = np.repeat(np.arange(indptr.size - 1), np.diff(indptr))
    # Sums over both directions of each link; a triangle is three closed "paths" of three links.
    paths = int((less[row] * less[indices]).sum()) // 2 - int(triangles(indptr, indices).sum())
    value = 4 * cycles / paths if paths else float("nan")
    return BipartiteClustering(float(value), int(cycles), paths, local, _mean(local))


def clustering(graph: Any) -> Clustering:
    """Measure clustering on triangles; it is 0 by nature where links join layers alone.

    Parameters
    ----------
    graph
        A graph of any accepted kind.

    Returns
    -------
    Clustering
        Mean, transitivity, number of triangles, and the value of each node.

    Examples
    --------
    >>> import networkx as nx
    >>> round(clustering(nx.karate_club_graph()).value, 4)
    0.5706
    """
    from .cycles import arrays, triangles

    matrix = as_adjacency(graph)
    indptr, indices = arrays(matrix)
    number = triangles(indptr, indices)
    degrees = np.diff(indptr)
    pairs = degrees * (degrees - 1) // 2
    local: NDArray[np.float64] = np.zeros(number.size)
    np.divide(number, pairs, out=local, where=pairs > 0)
    total = int(pairs.sum())
    transitivity = float(number.sum() / total) if total else float("nan")
    return Clustering(_mean(local), transitivity, int(number.sum()) // 3, local)


def weighted_clustering(
    graph: Any, weighted: bool = True, directed: bool = True
) -> NDArray[np.float64]:
    """Return the clustering of each node with weights and directions, shape ``(n_nodes,)``.

    The geometric mean of the three weights of every triangle, over the triangles that its links
    could form (Onnela et al. 2005), weights taken relative to the largest; with directions all
    eight kinds of directed triangles count (Fagiolo 2007). 0 below two neighbours.

    Parameters
    ----------
    graph
        A graph of any accepted kind.
    weighted, directed
        Use weights and directions, where the graph has them.

    Returns
    -------
    numpy.ndarray
        From 0 to 1, shape ``(n_nodes,)``, float64.

    Examples
    --------
    >>> import networkx as nx
    >>> ring = nx.DiGraph([(0, 1), (1, 2), (2, 0)])
    >>> weighted_clustering(ring).tolist()
    [0.5, 0.5, 0.5]
    """
    import scipy.sparse

    given = arcs(graph, weights=weighted)
    if given.matrix.nnz == 0:
        return np.zeros(given.matrix.shape[0])
    along = given.directed and directed
    links = given.matrix if along else given.symmetric
    links = scipy.sparse.csr_array(links, copy=True)
    present = (links != 0).astype(np.float64)
    links.data = np.cbrt(links.data / links.data.max()) if weighted else np.ones(links.nnz)
    if along:
        both = (present * present.T).sum(axis=1)
        degree = present.sum(axis=1) + present.sum(axis=0)
        links, possible = links + links.T, 2 * (degree * (degree - 1) - 2 * both)
    else:
        degree = present.sum(axis=1)
        possible = degree * (degree - 1)
    closed = np.asarray(((links @ links) * links).sum(axis=1)).ravel()
    return np.divide(closed, possible, out=np.zeros(closed.size), where=possible > 0)


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if values.size else float("nan")


def _seconds(topology: Topology) -> float:
    return 3e-9 * float((topology.degrees.astype(float) ** 2).sum())


@measure(
    "clustering",
    tier="deep",
    source="Robins and Alexander 2004; Latapy, Magnien and del Vecchio 2008",
    summary="How often neighbours share further neighbours: four-cycles in a layered network.",
    estimate=_seconds,
    version=3,
)
def _measure(snapshot: Snapshot) -> Iterator[Value | Array]:
    if snapshot.topology.n_links == 0:
        raise NotApplicable("the network has no links")
    for scope, topology in graph_scopes(snapshot.topology):
        if not topology.is_layered:
            plain = clustering(topology)
            yield Value(scope, "clustering", plain.value)
            yield Value(scope, "transitivity", plain.transitivity)
            yield Value(scope, "triangles", plain.triangles)
        found = bipartite_clustering(topology)
        yield Value(scope, "clustering_four_cycles", found.value)
        yield Value(scope, "clustering_latapy", found.mean_local)
        yield Value(scope, "four_cycles", found.four_cycles)
        if scope == "network":
            yield Array("clustering_latapy", found.local.astype(np.float32))
    if not snapshot.topology.is_layered:
        yield Array("clustering", plain.local.astype(np.float32))
        yield from _with_weights_and_directions(snapshot.topology)


def _with_weights_and_directions(topology: Topology) -> Iterator[Value]:
    given = usable_arcs(topology)
    if given.directed:
        directed = weighted_clustering(topology, weighted=False)
        yield Value("network", "clustering_directed", _mean(directed))
    if given.weighted:
        yield Value("network", "clustering_weighted", _mean(weighted_clustering(topology)))
