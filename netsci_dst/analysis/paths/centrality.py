"""Centralities: which neurons lie between, near, and next to important others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graphs import as_adjacency, as_igraph
from ...snapshots import Snapshot
from ...topology import Topology
from ..measure import Array, NotApplicable, Value, measure
from .sampling import affordable_samples, drawn_sources

__all__ = ["Centralities", "centralities"]


@dataclass(frozen=True, eq=False)
class Centralities:
    """Centrality of each node, all of shape ``(n_nodes,)`` and undirected.

    Attributes
    ----------
    degree
        Number of links.
    betweenness
        Share of the shortest paths of other pairs that pass, over all pairs (Freeman 1977).
    closeness
        Inverse mean distance to the nodes within reach, times the share within reach (Wasserman
        and Faust 1994); 0 for isolated nodes.
    harmonic
        Sum of inverse distances to the nodes within reach.
    eigenvector
        Entry of the leading eigenvector of the largest component, largest 1 (Bonacich 1987); of
        each where several components are equally large.
    pagerank
        PageRank with damping 0.85; sums to 1.
    """

    degree: NDArray[np.int64]
    betweenness: NDArray[np.float64]
    closeness: NDArray[np.float64]
    harmonic: NDArray[np.float64]
    eigenvector: NDArray[np.float64]
    pagerank: NDArray[np.float64]


def centralities(graph: Any, samples: int | None = None, seed: int = 0) -> Centralities:
    """Compute all centralities of a graph, undirected and unweighted.

    Parameters
    ----------
    graph
        A graph of any accepted kind.
    samples
        Estimate betweenness, closeness and harmonic centrality from shortest paths from so many
        nodes, drawn at random (Brandes and Pich 2007); None for all nodes.
    seed
        Seeds the draw.

    Returns
    -------
    Centralities
        One array per centrality.

    Examples
    --------
    >>> import networkx as nx
    >>> found = centralities(nx.star_graph(4))
    >>> found.betweenness.tolist(), found.harmonic.tolist()
    ([1.0, 0.0, 0.0, 0.0, 0.0], [4.0, 2.5, 2.5, 2.5, 2.5])
    """
    from .distances import distances

    matrix = as_adjacency(graph)
    n = matrix.shape[0]
    sources = drawn_sources(n, samples, seed)
    found = distances(matrix, sources)
    # Sums over the sources stand for sums over all nodes.
    scale = 1.0 if sources is None else n / sources.size
    share = scale * found.reach / max(1, n - 1)
    close = np.divide(found.reach, found.farness, out=np.zeros(n), where=found.farness > 0)
    view = as_igraph(matrix)
    pairs = (n - 1) * (n - 2) / 2
    between = scale * np.array(view.betweenness(directed=False, sources=sources), dtype=float)
    return Centralities(
        degree=np.diff(matrix.indptr).astype(np.int64),
        betweenness=between / pairs if pairs else between,
        closeness=close * share,
        harmonic=scale * found.harmonic,
        eigenvector=_eigenvector(matrix),
        pagerank=np.array(view.pagerank(damping=0.85), dtype=float),
    )


def _eigenvector(matrix: Any) -> NDArray[np.float64]:
    """Return the leading vector of the largest component, or of each that is as large."""
    from .distances import components, largest_components

    vector = np.zeros(matrix.shape[0])
    if matrix.nnz == 0:
        return vector
    labels = components(matrix)
    _, times = largest_components(matrix)
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(times + 1))
    for start, end in pairwise(starts):
        nodes = order[start:end]
        vector[nodes] = _leading(matrix[nodes][:, nodes].astype(float))
    return vector


def _leading(part: Any) -> NDArray[np.float64]:
    """Return the leading vector of one component, largest entry 1."""
    from scipy.sparse.linalg import eigsh

    if part.shape[0] < 3:
        return np.ones(part.shape[0])
    if part.shape[0] < 30:
        leading = np.abs(np.linalg.eigh(part.toarray())[1][:, -1])
        return leading / leading.max()
    # Degrees to start from: positive, so never orthogonal to the leading vector, and no chance.
    start = np.diff(part.indptr).astype(float)
    exact: Any = 1e-10
    _, found = eigsh(part, k=1, which="LA", v0=start, tol=exact, maxiter=100000)
    leading = np.abs(found[:, 0])
    return leading / leading.max()


# Link visits that shortest paths from all nodes may take before they are sampled: some minutes.
_MOST_VISITS = 1e10


def _seconds(topology: Topology) -> float:
    return 2e-8 * min(2 * _MOST_VISITS, topology.n_nodes * topology.n_links)


@measure(
    "centrality",
    tier="deep",
    source="Freeman 1977; Bonacich 1987; Brin and Page 1998; sampled: Brandes and Pich 2007",
    summary="Which neurons are central: between others, near to all, linked to central ones.",
    estimate=_seconds,
    version=2,
)
def _measure(
    snapshot: Snapshot, samples: int | None = None, seed: int = 0
) -> Iterator[Value | Array]:
    topology = snapshot.topology
    if topology.n_links == 0:
        raise NotApplicable("the network has no links")
    taken = affordable_samples(topology, _MOST_VISITS) if samples is None else samples
    yield Value("network", "samples", min(taken or topology.n_nodes, topology.n_nodes))
    for name, values in vars(centralities(topology, taken, seed)).items():
        if name != "degree":
            yield Value("network", f"{name}_mean", float(values.mean()))
            yield Value("network", f"{name}_max", float(values.max()))
            yield Array(name, values.astype(np.float32))
