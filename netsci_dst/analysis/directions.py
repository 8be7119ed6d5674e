"""A graph with its directions and weights, where it has them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NetsciError
from ..topology import Topology

__all__ = ["Arcs", "arcs", "usable_arcs"]


@dataclass(frozen=True, eq=False)
class Arcs:
    """The links of a graph from source to target, without self-loops.

    Attributes
    ----------
    matrix
        ``(n, n)`` CSR matrix of float64 weights, row to column; symmetric where undirected. All
        weights are 1 in an unweighted graph; those of parallel links are added.
    directed, weighted
        Whether the graph has directions, and weights.
    """

    matrix: Any
    directed: bool
    weighted: bool

    @cached_property
    def symmetric(self) -> Any:
        """Weights of both directions added; the matrix itself where it is undirected."""
        return self.matrix if not self.directed else (self.matrix + self.matrix.T).tocsr()

    @property
    def out_strength(self) -> NDArray[np.float64]:
        """Weights of the links that leave each node, shape ``(n,)``."""
        return np.asarray(self.matrix.sum(axis=1)).ravel()

    @property
    def in_strength(self) -> NDArray[np.float64]:
        """Weights of the links that enter each node, shape ``(n,)``."""
        return np.asarray(self.matrix.sum(axis=0)).ravel()


def arcs(graph: Any, weights: bool = True) -> Arcs:
    """Return any graph with its directions and weights.

    A layered topology is directed from input to output, its weights are their magnitudes. A graph
    whose weights are all 1 is unweighted. Other graphs are read as `Topology.network` reads them.

    Parameters
    ----------
    graph
        A graph of any accepted kind.
    weights
        False to leave weights out.

    Returns
    -------
    Arcs
        The weights as an ``(n, n)`` matrix, and whether they and the directions mean something.

    Raises
    ------
    NetsciError
        If a weight of a general network is not finite or below 0.

    Examples
    --------
    >>> import networkx as nx
    >>> found = arcs(nx.DiGraph([(0, 1), (1, 2)]))
    >>> found.directed, found.weighted, found.matrix.toarray().tolist()
    (True, False, [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    """
    import scipy.sparse

    given = getattr(graph, "topology", graph)
    topology = given if isinstance(given, Topology) else Topology.network(graph)
    u, v = topology.links()
    n, directed, data = topology.n_nodes, topology.is_directed, _weights(topology)
    weighted = weights and data is not None
    data = data if weights and data is not None else np.ones(u.size)
    if not np.isfinite(data).all() or data.min(initial=0.0) < 0:
        raise NetsciError(
            "weighted measures need finite weights of at least 0: take their magnitudes, or leave "
            "weights out"
        )
    keep = (u != v) & (data > 0)
    u, v, data = u[keep], v[keep], data[keep]
    if not directed:
        u, v, data = np.concatenate([u, v]), np.concatenate([v, u]), np.concatenate([data, data])
    matrix = scipy.sparse.coo_array((data, (u, v)), shape=(n, n)).tocsr()
    matrix.sum_duplicates()
    if not weighted:
        matrix.data[:] = 1.0
    return Arcs(matrix, directed, weighted)


def usable_arcs(graph: Any) -> Arcs:
    """Return the graph with its directions, and its weights where weighted measures take them.

    Weights that are negative or not finite have no strength and no length: there the links count 1.

    Parameters
    ----------
    graph
        A graph of any accepted kind.

    Returns
    -------
    Arcs
        As `arcs` returns them.

    Examples
    --------
    >>> import networkx as nx
    >>> signed = nx.Graph([(0, 1, {"weight": -2.0}), (1, 2, {"weight": 3.0})])
    >>> usable_arcs(signed).weighted, usable_arcs(nx.Graph([(0, 1, {"weight": 3.0})])).weighted
    (False, True)
    """
    try:
        return arcs(graph)
    except NetsciError:
        return arcs(graph, weights=False)


def _weights(topology: Topology) -> NDArray[np.float64] | None:
    """Return the weights of the links where they are known and differ from 1."""
    if not topology.is_weighted:
        return None
    found = np.concatenate(
        [np.asarray(layer.weights, dtype=np.float64) for layer in topology.layers]
    )
    return None if bool((found == 1).all()) else np.abs(found) if topology.is_layered else found
