"""A graph with its directions and weights, where it has them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NetsciError, TopologyError
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

    A layered topology is directed from input to output, its weights are their magnitudes. A matrix
    is directed where it is not symmetric, and weighted where its entries are not all 1. The links
    of networkx and igraph have weights where they have an attribute ``weight``.

    Parameters
    ----------
    graph
        A graph of any accepted kind.
    weights
        False to leave weights out.

    Raises
    ------
    NetsciError
        If a weight of a general network is not finite or below 0.
    """
    import scipy.sparse

    u, v, w, n, directed = _links(graph)
    weighted = weights and w is not None
    data = np.asarray(w, dtype=np.float64) if weighted else np.ones(u.size)
    if weighted and (not np.isfinite(data).all() or data.min(initial=0.0) < 0):
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
    """Return the graph with its directions, and its weights where weighted measures take them."""
    try:
        return arcs(graph)
    except NetsciError:
        return arcs(graph, weights=False)


_Links = tuple[NDArray[Any], NDArray[Any], "NDArray[Any] | None", int, bool]


def _links(graph: Any) -> _Links:
    """Return sources, targets and weights of the links, each undirected one once; n; directed."""
    import scipy.sparse

    topology = getattr(graph, "topology", graph)
    if isinstance(topology, Topology):
        return _of_topology(topology)
    if type(graph).__module__.split(".")[0] == "igraph":
        return _of_igraph(graph)
    if hasattr(graph, "adj") and hasattr(graph, "nodes"):
        return _of_networkx(graph)
    if scipy.sparse.issparse(graph) or isinstance(graph, np.ndarray):
        return _of_matrix(graph)
    raise TopologyError(
        "a graph must be an igraph.Graph, a networkx.Graph or a square scipy sparse matrix, "
        f"not {type(graph).__name__}"
    )


def _of_topology(topology: Topology) -> _Links:
    u, v = topology.links()
    weights = [layer.weights for layer in topology.layers]
    known = [w for w in weights if w is not None]
    w = np.concatenate(known).astype(np.float64) if known and len(known) == len(weights) else None
    directed = all(layer.directed for layer in topology.layers)
    if w is not None and topology.is_layered:
        w = np.abs(w)
    return u, v, w, topology.n_nodes, directed


def _of_igraph(graph: Any) -> _Links:
    ends = np.array(graph.get_edgelist(), dtype=np.int64).reshape(-1, 2)
    w = np.array(graph.es["weight"], dtype=float) if "weight" in graph.es.attributes() else None
    return ends[:, 0], ends[:, 1], w, graph.vcount(), graph.is_directed()


def _of_networkx(graph: Any) -> _Links:
    place = {node: i for i, node in enumerate(graph.nodes)}
    links = [(place[a], place[b], data.get("weight")) for a, b, data in graph.edges(data=True)]
    ends = np.array([link[:2] for link in links], dtype=np.int64).reshape(-1, 2)
    given = [link[2] for link in links]
    w = None
    if any(value is not None for value in given):
        w = np.array([1.0 if value is None else float(value) for value in given])
    return ends[:, 0], ends[:, 1], w, len(place), graph.is_directed()


def _of_matrix(graph: Any) -> _Links:
    import scipy.sparse

    csr = scipy.sparse.csr_array(graph, copy=True)
    if csr.shape[0] != csr.shape[1]:
        raise TopologyError(f"an adjacency matrix must be square, not {csr.shape}")
    csr.sum_duplicates()
    csr.eliminate_zeros()
    directed = (csr != csr.T).nnz > 0
    coo = (csr if directed else scipy.sparse.triu(csr)).tocoo()
    w = None if coo.dtype == bool or bool((coo.data == 1).all()) else coo.data.astype(float)
    return coo.row, coo.col, w, csr.shape[0], directed
