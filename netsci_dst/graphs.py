"""Between the data model, igraph, networkx and scipy sparse matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import attributes
from .link_tables import checked_matrix
from .node_marks import CLASH, MARKS

if TYPE_CHECKING:
    import igraph
    import networkx
    import scipy.sparse

    from .population import Population
    from .topology import Topology


def as_adjacency(graph: Any) -> scipy.sparse.csr_array:
    """Return any graph as a symmetric boolean ``(n, n)`` CSR matrix without self-loops.

    Directions, weights and parallel links are dropped. networkx nodes keep their order.

    Parameters
    ----------
    graph
        An ``igraph.Graph``, a ``networkx.Graph``, a square scipy sparse matrix or array, a square
        numpy array, or a `Topology` or `Snapshot` of this package.

    Returns
    -------
    scipy.sparse.csr_array
        Booleans, shape ``(n, n)``.

    Raises
    ------
    TopologyError
        If the input is none of these, or a matrix that is not square or not of finite numbers.

    Examples
    --------
    >>> import networkx as nx
    >>> as_adjacency(nx.DiGraph([(0, 1), (1, 0), (1, 2)])).toarray().astype(int).tolist()
    [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
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
    else:
        matrix = checked_matrix(graph).astype(bool).tocoo()
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
    """Return any graph as a simple undirected ``igraph.Graph`` without attributes.

    Parameters
    ----------
    graph
        A graph of any kind that `as_adjacency` takes.

    Returns
    -------
    igraph.Graph
        Nodes in the same order.

    Raises
    ------
    TopologyError
        As `as_adjacency`.

    Examples
    --------
    >>> import networkx as nx
    >>> as_igraph(nx.cycle_graph(5)).diameter()
    2
    """
    import igraph
    import scipy.sparse

    upper = scipy.sparse.triu(as_adjacency(graph), k=1, format="coo")
    edges = np.column_stack([upper.row, upper.col])
    return igraph.Graph(n=upper.shape[0], edges=edges)


def node_facts(topology: Topology) -> list[dict[str, Any]]:
    """Return what `Topology.to_networkx` says of each node: marks, name, attributes."""
    if not topology.is_layered:
        (population,) = topology.graph_populations
        return [_own_facts(population, i, ()) for i in range(population.size)]
    degrees = topology.degrees.tolist()
    return [
        dict(zip(MARKS, (population.name, population.role, i, degrees[start + i])))
        | _own_facts(population, i, MARKS)
        for population, start in zip(topology.graph_populations, topology.offsets.values())
        for i in range(population.size)
    ]


def _own_facts(population: Population, i: int, reserved: tuple[str, ...]) -> dict[str, Any]:
    facts = {} if population.names is None else {"name": population.names[i]}
    reserved = ("name", "label", *reserved)
    for key, values in population.attributes.items():
        value = attributes.value(values, i)
        if value is not None:
            spelt = f"{CLASH}{key}" if key in reserved or key.startswith(CLASH) else key
            facts[spelt] = value
    return facts


def to_networkx(topology: Topology) -> networkx.Graph[Any]:
    """Convert a topology; see `Topology.to_networkx`."""
    import networkx as nx

    pairs = [(layer.source, layer.target) for layer in topology.layers]
    if not topology.is_directed:
        graph: networkx.Graph[Any] = nx.Graph()
    elif len(set(pairs)) < len(pairs):
        graph = nx.MultiDiGraph()
    else:
        graph = nx.DiGraph()
    graph.add_nodes_from(enumerate(node_facts(topology)))
    for layer in topology.layers:
        u = (layer.sources.astype(np.int64) + topology.offsets[layer.source]).tolist()
        v = (layer.indices.astype(np.int64) + topology.offsets[layer.target]).tolist()
        columns: dict[str, list[Any]] = {}
        marks = {"layer": layer.name} if topology.is_layered else {}
        if layer.weights is not None:
            columns["weight"] = layer.weights.tolist()
        if layer.multiplicity is not None:
            columns["multiplicity"] = layer.multiplicity.tolist()
        for i, (a, b) in enumerate(zip(u, v, strict=True)):
            graph.add_edge(a, b, **marks, **{k: c[i] for k, c in columns.items()})
    return graph


def to_igraph(topology: Topology) -> igraph.Graph:
    """Convert a topology; see `Topology.to_igraph`."""
    import igraph

    u, v = topology.links()
    graph = igraph.Graph(
        n=topology.n_nodes, edges=np.column_stack([u, v]), directed=topology.is_directed
    )
    facts = node_facts(topology)
    for key in dict.fromkeys(key for fact in facts for key in fact):
        graph.vs[key] = [fact.get(key) for fact in facts]
    if topology.is_layered:
        graph.es["layer"] = [k.name for k in topology.layers for _ in range(k.n_links)]
    for key, attribute in (("weight", "weights"), ("multiplicity", "multiplicity")):
        stored = [getattr(layer, attribute) for layer in topology.layers]
        if any(values is not None for values in stored):
            graph.es[key] = [
                value
                for layer, values in zip(topology.layers, stored, strict=True)
                for value in ([None] * layer.n_links if values is None else values.tolist())
            ]
    return graph
