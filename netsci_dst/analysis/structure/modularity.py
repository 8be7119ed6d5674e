"""Modularity: how much denser links are inside communities than chance would have them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._checks import whole_number
from ...errors import NetsciError
from ...graphs import as_adjacency
from ...snapshots import Snapshot
from ..measure import Array, NotApplicable, Value, measure
from ..scopes import graph_scopes

__all__ = ["Modularity", "modularity", "partition_modularity"]


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


def modularity(graph: Any, seed: int = 0, n: int = 10, tolerance: float = 0.0) -> Modularity:
    """Find communities by Leiden runs that maximise modularity, and keep the best of ``n``.

    Undirected and unweighted; each run goes on until it no longer improves.

    Parameters
    ----------
    graph
        A graph of any accepted kind.
    seed
        Seeds the runs; the result is the same for the same seed.
    n
        Number of runs, at least 1.
    tolerance
        A run ends when a pass over all levels raises modularity by no more than this.

    References
    ----------
    Newman, Phys. Rev. E 69, 026113 (2004); Traag, Waltman, van Eck, Sci. Rep. 9, 5233 (2019).

    Examples
    --------
    >>> import networkx as nx
    >>> found = modularity(nx.karate_club_graph())
    >>> found.n_communities, round(found.value, 4)
    (4, 0.4198)
    """
    from .leiden import leiden

    n, seed = whole_number("the number of runs", n, 1), whole_number("seed", seed)
    matrix = as_adjacency(graph)
    if matrix.nnz == 0:
        nodes = np.arange(matrix.shape[0], dtype=np.int64)
        return Modularity(float("nan"), nodes, nodes.size, ())
    runs = leiden(matrix, seed, n, tolerance)
    values = [partition_modularity(matrix, membership) for membership in runs]
    best = _by_size(runs[int(np.argmax(values))])
    return Modularity(max(values), best, int(best.max()) + 1, tuple(values))


def partition_modularity(graph: Any, membership: ArrayLike) -> float:
    """Return the modularity Q of a given partition; NaN for a graph without links.

    ``Q = Σ_c [ L_c / m − (D_c / 2m)² ]`` with L_c links inside community c, D_c the sum of its
    degrees and m all links (Newman 2004).

    Parameters
    ----------
    graph
        A graph of any accepted kind.
    membership
        Community of each node, shape ``(n_nodes,)``.
    """
    matrix = as_adjacency(graph)
    given = np.asarray(membership)
    if given.dtype.kind == "f" and np.isnan(given).any():
        raise NetsciError("the partition holds NaN: give every node a community")
    _, labels = np.unique(given, return_inverse=True)
    if labels.shape != (matrix.shape[0],):
        raise NetsciError(
            f"the partition has {labels.size} entries, but the graph has {matrix.shape[0]} nodes"
        )
    if matrix.nnz == 0:
        return float("nan")
    degrees = np.diff(matrix.indptr)
    row = np.repeat(labels, degrees)
    inside = int((row == labels[matrix.indices]).sum())
    total = np.bincount(labels, weights=degrees)
    return inside / matrix.nnz - float(((total / matrix.nnz) ** 2).sum())


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
    source="Newman 2004; Traag, Waltman and van Eck 2019",
    summary="How strongly the network falls into communities, and into its own layers.",
    estimate=lambda topology: 6e-6 * topology.n_links,
    version=3,
)
def _measure(
    snapshot: Snapshot, seed: int = 0, n: int | None = None, tolerance: float = 1e-3
) -> Iterator[Value | Array]:
    if snapshot.topology.n_links == 0:
        raise NotApplicable("the network has no links")
    for scope, topology in graph_scopes(snapshot.topology):
        if topology.n_links == 0:
            continue
        # By default the best of three, where a run takes many seconds the only one.
        runs = (3 if topology.n_links < 2_000_000 else 1) if n is None else n
        found = modularity(topology, seed, runs, tolerance)
        yield Value(scope, "modularity", found.value)
        joined = np.bincount(found.membership) > 1
        yield Value(scope, "communities", int(joined.sum()))
        if scope == "network":
            yield Array("membership", found.membership.astype(np.int32))
        # Of the two sides of one layer among several it is -1/2 always.
        if topology.is_layered and (scope == "network" or len(topology.layers) > 1):
            layers = partition_modularity(topology, topology.node_population)
            yield Value(scope, "modularity_of_layers", layers)
