"""Modularity: how much denser links are inside communities than chance would have them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...checks import whole_number
from ...errors import NetsciError
from ...graphs import as_adjacency
from ...snapshots import Snapshot
from ...topology import Topology
from ..directions import arcs, usable_arcs
from ..measure import Array, NotApplicable, Value, measure
from ..scopes import graph_scopes

__all__ = ["Modularity", "modularity", "partition_modularity"]

_SWEEPS = 60  # of annealing


@dataclass(frozen=True, eq=False)
class Modularity:
    """The best partition found.

    Attributes
    ----------
    value
        Newman's modularity Q; NaN for a graph without links.
    membership
        Community of each node, shape ``(n_nodes,)``, numbered by decreasing size.
    n_communities
        Number of communities, those of isolated nodes included.
    values
        Q of each of the seeded runs.
    """

    value: float
    membership: NDArray[np.int64]
    n_communities: int
    values: tuple[float, ...]


def modularity(
    graph: Any,
    seed: int = 0,
    n: int | None = None,
    tolerance: float | None = None,
    weighted: bool = False,
    threads: int | None = None,
) -> Modularity:
    """Find communities by Leiden runs that maximise modularity, and keep the best of ``n``.

    Directions are left out: a directed graph is taken with the weights of both directions added.

    Parameters
    ----------
    graph
        A graph of any accepted kind.
    seed
        Seeds the runs; the result is the same for the same seed.
    n
        Number of runs; by default 10 up to 10⁴ links, 3 up to 10⁵, else 1.
    tolerance
        A run ends when two passes raise modularity by no more than this each; by default 0 up to
        10⁴ links, 2e-4 up to 10⁵, else 5e-4, which costs a thousandth of Q where there are no
        clear communities. A tolerance of 1e-3 and more also leaves the annealing out: for quick
        estimates, as many null models need them.
    weighted
        Use the weights of the links, where the graph has them.
    threads
        Number of threads; by default one per run up to the processors at hand, above 10⁴ links.

    Returns
    -------
    Modularity
        Q and the partition; that of each run in ``values``.

    References
    ----------
    Newman, Phys. Rev. E 69, 026113 (2004) and 70, 056131 (2004) with weights; Traag, Waltman, van
    Eck, Sci. Rep. 9, 5233 (2019).

    Examples
    --------
    >>> import networkx as nx
    >>> found = modularity(nx.karate_club_graph())
    >>> found.n_communities, round(found.value, 4)
    (4, 0.4198)
    """
    from .leiden import leiden

    matrix = arcs(graph).symmetric if weighted else as_adjacency(graph)
    runs, least, workers = _effort(matrix.nnz // 2)
    least = least if tolerance is None else tolerance
    runs = runs if n is None else whole_number("the number of runs", n, 1)
    workers = workers if threads is None else whole_number("threads", threads, 1)
    seed = whole_number("seed", seed)
    if matrix.nnz == 0:
        nodes = np.arange(matrix.shape[0], dtype=np.int64)
        return Modularity(float("nan"), nodes, nodes.size, ())
    found = leiden(matrix, seed, runs, least, workers, sweeps=_SWEEPS if least < 1e-3 else 0)
    values = [_quality(matrix, membership) for membership in found]
    best = _by_size(found[int(np.argmax(values))])
    return Modularity(max(values), best, int(best.max()) + 1, tuple(values))


def _effort(n_links: int) -> tuple[int, float, int]:
    """Return runs, tolerance and threads for a graph of this size."""
    if n_links <= 10_000:
        return 10, 0.0, 1
    runs = 3 if n_links <= 100_000 else 1
    given = os.environ.get("OMP_NUM_THREADS", "")
    cores = int(given) if given.isdigit() else os.cpu_count() or 1
    return runs, 2e-4 if n_links <= 100_000 else 5e-4, max(1, min(runs, cores))


def partition_modularity(
    graph: Any, membership: ArrayLike, weighted: bool = False, directed: bool = False
) -> float:
    """Return the modularity Q of a given partition; NaN for a graph without links.

    ``Q = Σ_c [ W_c / W − S_c^out S_c^in / W² ]`` with W_c the weight of the links inside community
    c, S_c the strengths of its nodes and W the weight of all links, each undirected link counted
    both ways (Newman 2004; with directions Leicht and Newman 2008).

    Parameters
    ----------
    graph
        A graph of any accepted kind.
    membership
        Community of each node, shape ``(n_nodes,)``.
    weighted, directed
        Use the weights and the directions of the links, where the graph has them.

    Returns
    -------
    float
        From −1/2 to 1.

    Raises
    ------
    NetsciError
        If not every node has a community.

    Examples
    --------
    >>> import networkx as nx
    >>> two = nx.disjoint_union(nx.complete_graph(3), nx.complete_graph(3))
    >>> partition_modularity(two, [0, 0, 0, 1, 1, 1]), partition_modularity(two, [0] * 6)
    (0.5, 0.0)
    """
    if weighted or directed:
        found = arcs(graph, weights=weighted)
        matrix = found.matrix if directed else found.symmetric
    else:
        matrix = as_adjacency(graph)
    given = np.asarray(membership)
    if given.dtype.kind == "f" and np.isnan(given).any():
        raise NetsciError("the partition holds NaN: give every node a community")
    _, labels = np.unique(given, return_inverse=True)
    if labels.shape != (matrix.shape[0],):
        raise NetsciError(
            f"the partition has {labels.size} entries, but the graph has {matrix.shape[0]} nodes"
        )
    return _quality(matrix, labels)


def _quality(matrix: Any, labels: NDArray[np.int64]) -> float:
    if matrix.nnz == 0:
        return float("nan")
    row = np.repeat(labels, np.diff(matrix.indptr))
    column = labels[matrix.indices]
    weights = matrix.data.astype(np.float64)
    total, n = weights.sum(), int(labels.max()) + 1
    out = np.bincount(row, weights=weights, minlength=n) / total
    into = np.bincount(column, weights=weights, minlength=n) / total
    return float(weights[row == column].sum() / total - out @ into)


def _by_size(membership: NDArray[np.int64]) -> NDArray[np.int64]:
    _, first, labels, sizes = np.unique(
        membership, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(sizes.size, dtype=np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(sizes.size)
    return rank[labels]


@measure(
    "modularity",
    tier="cheap",
    source="Newman 2004; Traag, Waltman and van Eck 2019; Leicht and Newman 2008",
    summary="How strongly the network falls into communities, and into its own layers.",
    estimate=lambda topology: 1e-5 * topology.n_links,
    version=6,
)
def _measure(
    snapshot: Snapshot, seed: int = 0, n: int | None = None, tolerance: float | None = None
) -> Iterator[Value | Array]:
    if snapshot.topology.n_links == 0:
        raise NotApplicable("the network has no links")
    for scope, topology in graph_scopes(snapshot.topology):
        if topology.n_links == 0:
            continue
        found = modularity(topology, seed, n, tolerance)
        yield Value(scope, "modularity", found.value)
        joined = np.bincount(found.membership) > 1
        yield Value(scope, "communities", int(joined.sum()))
        if scope == "network":
            yield Array("membership", found.membership.astype(np.int32))
        # Of the two sides of one layer among several it is -1/2 always.
        if topology.is_layered and (scope == "network" or len(topology.layers) > 1):
            layers = partition_modularity(topology, topology.node_population)
            yield Value(scope, "modularity_of_layers", layers)
    if not snapshot.topology.is_layered:
        yield from _with_weights_and_directions(snapshot.topology, found.membership, seed)


def _with_weights_and_directions(
    topology: Topology, membership: NDArray[np.int64], seed: int
) -> Iterator[Value | Array]:
    given = usable_arcs(topology)
    if given.directed:
        directed = partition_modularity(topology, membership, directed=True)
        yield Value("network", "modularity_directed", directed)
    if given.weighted:
        found = modularity(topology, seed, weighted=True)
        yield Value("network", "modularity_weighted", found.value)
        joined = np.bincount(found.membership) > 1
        yield Value("network", "communities_weighted", int(joined.sum()))
        yield Array("membership_weighted", found.membership.astype(np.int32))
