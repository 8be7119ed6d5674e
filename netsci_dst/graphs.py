"""Between the data model, igraph, networkx and scipy sparse matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import TopologyError

if TYPE_CHECKING:
    import igraph
    import networkx
    import scipy.sparse

    from .topology import Topology


def as_adjacency(graph: Any) -> scipy.sparse.csr_array:
    """Return any graph as a symmetric boolean ``(n, n)`` CSR matrix without self-loops.

    Directions, weights and parallel links are dropped. networkx nodes keep their order.

    Parameters
    ----------
    graph
        An ``igraph.Graph``, a ``networkx.Graph``, a square scipy sparse matrix or array, a square
        numpy array, or a `Topology` or `Snapshot` of this package.

    Raises
    ------
    TopologyError
        If the input is none of these, or a matrix that is not square or not of finite numbers.
    """
    import scipy.sparse

    topology = getattr(graph, "topology", graph)
    if hasattr(topology, "graph_populations"):
        return topology.to_scipy()
    module = type(graph).__module__.split(".")[0]
    if module == "igraph":
        n = graph.vcount()
        ends = np.array(graph.get_edgelist(), dtype=np.int64).reshape(-1, 2)
        matrix = scipy.sparse.coo_array(
            (np.ones(len(ends), bool), (ends[:, 0], ends[:, 1])), (n, n)
        )
    elif hasattr(graph, "adj") and hasattr(graph, "nodes"):
        place = {node: i for i, node in enumerate(graph.nodes)}
        pairs = [(place[u], place[v]) for u, v in graph.edges()]
        ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        n = len(place)
        matrix = scipy.sparse.coo_array(
            (np.ones(len(ends), bool), (ends[:, 0], ends[:, 1])), (n, n)
        )
    elif scipy.sparse.issparse(graph) or isinstance(graph, np.ndarray):
        if graph.ndim != 2 or graph.shape[0] != graph.shape[1]:
            raise TopologyError(f"an adjacency matrix must be square, not {graph.shape}")
        if graph.dtype.kind not in "buif":
            raise TopologyError(f"an adjacency matrix must be of real numbers, not {graph.dtype}")
        csr = scipy.sparse.csr_array(graph, copy=True)
        csr.sum_duplicates()
        if csr.dtype.kind == "f" and not np.isfinite(csr.data).all():
            raise TopologyError("the adjacency matrix holds NaN or infinity")
        csr.eliminate_zeros()
        matrix = csr.astype(bool).tocoo()
    else:
        raise TopologyError(
            f"a graph must be an igraph.Graph, a networkx.Graph or a square scipy sparse matrix, "
            f"not {type(graph).__name__}"
        )
    return _symmetric(matrix)


def _symmetric(matrix: scipy.sparse.coo_array) -> scipy.sparse.csr_array:
    import scipy.sparse

    keep = matrix.row != matrix.col
    u, v = matrix.row[keep], matrix.col[keep]
    ends = (np.concatenate([u, v]), np.concatenate([v, u]))
    both = scipy.sparse.coo_array((np.ones(2 * u.size, bool), ends), shape=matrix.shape).tocsr()
    both.sum_duplicates()
    both.data[:] = True
    return both


def as_igraph(graph: Any) -> igraph.Graph:
    """Return any graph as a simple undirected ``igraph.Graph`` without attributes."""
    import igraph
    import scipy.sparse

    upper = scipy.sparse.triu(as_adjacency(graph), k=1, format="coo")
    edges = np.column_stack([upper.row, upper.col])
    return igraph.Graph(n=upper.shape[0], edges=edges)


def to_networkx(topology: Topology) -> networkx.Graph:
    """Convert a topology; see `Topology.to_networkx`."""
    import networkx as nx

    pairs = [(layer.source, layer.target) for layer in topology.layers]
    if not topology.is_layered:
        graph: networkx.Graph = nx.Graph()
    elif len(set(pairs)) < len(pairs):
        graph = nx.MultiDiGraph()
    else:
        graph = nx.DiGraph()
    degrees = topology.degrees.tolist()
    node = 0
    for population in topology.graph_populations:
        for i in range(population.size):
            graph.add_node(
                node,
                population=population.name,
                role=population.role,
                index=i,
                degree=degrees[node],
            )
            node += 1
    for layer in topology.layers:
        u = (layer.sources.astype(np.int64) + topology.offsets[layer.source]).tolist()
        v = (layer.indices.astype(np.int64) + topology.offsets[layer.target]).tolist()
        columns: dict[str, list[Any]] = {}
        if layer.weights is not None:
            columns["weight"] = layer.weights.tolist()
        if layer.multiplicity is not None:
            columns["multiplicity"] = layer.multiplicity.tolist()
        for i, (a, b) in enumerate(zip(u, v, strict=True)):
            graph.add_edge(a, b, layer=layer.name, **{k: c[i] for k, c in columns.items()})
    return graph


def to_igraph(topology: Topology) -> igraph.Graph:
    """Convert a topology; see `Topology.to_igraph`."""
    import igraph

    u, v = topology.links()
    graph = igraph.Graph(
        n=topology.n_nodes, edges=np.column_stack([u, v]), directed=topology.is_layered
    )
    populations = topology.graph_populations
    of = topology.node_population
    graph.vs["population"] = [populations[i].name for i in of]
    graph.vs["role"] = [populations[i].role for i in of]
    graph.vs["index"] = [i for p in populations for i in range(p.size)]
    graph.vs["degree"] = topology.degrees.tolist()
    graph.es["layer"] = [layer.name for layer in topology.layers for _ in range(layer.n_links)]
    for key, attribute in (("weight", "weights"), ("multiplicity", "multiplicity")):
        stored = [getattr(layer, attribute) for layer in topology.layers]
        if any(values is not None for values in stored):
            graph.es[key] = [
                value
                for layer, values in zip(topology.layers, stored, strict=True)
                for value in ([None] * layer.n_links if values is None else values.tolist())
            ]
    return graph
