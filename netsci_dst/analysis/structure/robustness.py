"""Robustness: what is left of a network as its neurons are taken away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import NetsciError, UnknownName
from ...graphs import as_adjacency
from ...snapshots import Snapshot
from ...topology import Topology
from ..measure import Array, NotApplicable, Value, measure

__all__ = ["Robustness", "removal_order", "robustness"]

ORDERS = ("degree", "coreness", "random")
_FRACTIONS = tuple(i / 20 for i in range(21))


@dataclass(frozen=True, eq=False)
class Robustness:
    """What is left as nodes are removed.

    Attributes
    ----------
    order
        ``degree``, ``coreness`` or ``random``.
    fractions
        Shares of nodes removed, shape ``(n_fractions,)``.
    largest_component
        Size of the largest component over all nodes of the graph, at each fraction.
    paths
        Directed paths left over all paths; None for a network without layers.
    index
        Mean of the largest component over all removals of 1 to N nodes (Schneider et al. 2011).
    """

    order: str
    fractions: NDArray[np.float64]
    largest_component: NDArray[np.float64]
    paths: NDArray[np.float64] | None
    index: float


def removal_order(graph: Any, order: str, seed: int = 0) -> NDArray[np.int64]:
    """Return all nodes in the order of their removal.

    ``degree`` takes the most linked first, ``coreness`` the deepest shell first and within it the
    most linked, ``random`` a seeded permutation. Ties are broken at random by the seed; degrees
    are those of the whole graph.

    Parameters
    ----------
    graph
        A graph of any accepted kind.
    order
        ``degree``, ``coreness`` or ``random``.
    seed
        Seeds ties and the permutation.

    Returns
    -------
    numpy.ndarray
        Nodes, shape ``(n_nodes,)``, int64.

    Raises
    ------
    UnknownName
        If the order is none of these.

    Examples
    --------
    >>> import networkx as nx
    >>> int(removal_order(nx.star_graph(4), "degree")[0])
    0
    """
    from .k_core import core_numbers

    if order not in ORDERS:
        raise UnknownName("order of removal", order, ORDERS)
    matrix = as_adjacency(graph)
    chance = np.random.default_rng(seed).permutation(matrix.shape[0])
    if order == "random":
        return chance
    degrees = np.diff(matrix.indptr)
    if order == "degree":
        return np.lexsort((chance, -degrees))
    indptr, indices = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)
    return np.lexsort((chance, -degrees, -core_numbers(indptr, indices)))


def robustness(
    graph: Any,
    order: str = "degree",
    seed: int = 0,
    repeats: int = 5,
    fractions: Sequence[float] = _FRACTIONS,
) -> Robustness:
    """Remove nodes one by one and follow the largest component and the paths that are left.

    Parameters
    ----------
    graph
        A graph of any accepted kind; paths are followed in a layered topology or snapshot.
    order
        See `removal_order`.
    seed, repeats
        Results are means over this many seeded orders, which differ in ties or altogether.
    fractions
        Shares of nodes removed at which results are given, each from 0 to 1.

    Returns
    -------
    Robustness
        The largest component at each fraction, paths likewise, and the index.

    Raises
    ------
    UnknownName
        If the order is unknown.
    NetsciError
        If a fraction lies outside 0 to 1, or there are no repeats.

    References
    ----------
    Albert, Jeong, Barabási, Nature 406, 378 (2000); index: Schneider et al., PNAS 108, 3838 (2011).

    Examples
    --------
    >>> import networkx as nx
    >>> found = robustness(nx.star_graph(9), fractions=[0, 0.1, 1])
    >>> found.largest_component.tolist(), round(found.index, 4)
    ([1.0, 0.1, 0.0], 0.09)
    """
    share = np.asarray(fractions, dtype=float)
    if share.ndim != 1 or not ((share >= 0) & (share <= 1)).all():
        raise NetsciError("fractions of removed nodes must lie between 0 and 1")
    if repeats < 1:
        raise NetsciError(f"robustness needs at least one repeat, not {repeats}")
    matrix = as_adjacency(graph)
    topology = getattr(graph, "topology", graph)
    layered = isinstance(topology, Topology) and topology.is_layered
    n = matrix.shape[0]
    removed = np.round(share * n).astype(np.int64)
    sizes, paths, index = [], [], []
    for child in np.random.SeedSequence(seed).generate_state(repeats):
        nodes = removal_order(matrix, order, int(child))
        largest = _largest(matrix, nodes)
        sizes.append(largest[removed] / max(1, n))
        index.append(largest[1:].sum() / max(1, n) ** 2)
        if layered:
            paths.append(_paths_left(topology, nodes, removed))
    return Robustness(
        order,
        share,
        np.mean(sizes, axis=0),
        np.mean(paths, axis=0) if layered else None,
        float(np.mean(index)),
    )


def _largest(matrix: Any, order: NDArray[np.int64]) -> NDArray[np.int64]:
    from .largest_components import largest_components

    return largest_components(
        matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), order
    )


def _paths_left(
    topology: Topology, order: NDArray[np.int64], removed: NDArray[np.int64]
) -> NDArray[np.float64]:
    from ..paths.credit_paths import count_paths

    total = count_paths(topology)
    if not total:
        return np.full(removed.size, np.nan)
    return np.array([count_paths(topology, order[:count]) / total for count in removed])


@measure(
    "robustness",
    tier="deep",
    source="Albert, Jeong and Barabási 2000; Schneider et al. 2011",
    summary="How fast component and paths vanish as neurons go: hubs first, core first, at random.",
    estimate=lambda topology: 3e-5 * topology.n_links,
)
def _measure(snapshot: Snapshot, repeats: int = 3, seed: int = 0) -> Iterator[Value | Array]:
    if snapshot.topology.n_links == 0:
        raise NotApplicable("the network has no links")
    for order in ORDERS:
        found = robustness(snapshot.topology, order, seed, repeats)
        yield Value("network", f"robustness_index_{order}", found.index)
        yield Array(f"largest_component_{order}", found.largest_component)
        if found.paths is not None:
            yield Array(f"paths_{order}", found.paths)
            half = found.fractions[np.argmax(found.paths <= 0.5)]
            yield Value("network", f"half_of_paths_lost_{order}", half)
    yield Array("fractions", np.array(_FRACTIONS))
