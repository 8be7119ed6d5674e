"""Between the data model, igraph, networkx and scipy sparse matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import attributes
from .errors import TopologyError

if TYPE_CHECKING:
    import igraph
    import networkx
    import scipy.sparse

    from .network import LinkTable
    from .population import Population
    from .topology import Topology

MARKS = ("population", "role", "index", "degree")
_CLASH = "attribute_"


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
    else:
        matrix = _checked_matrix(graph).astype(bool).tocoo()
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


def link_table(graph: Any) -> LinkTable:
    """Return the links, weights, names and attributes of any graph that `as_adjacency` takes.

    Nodes are named by a ``name`` or ``label`` attribute that is text and differs everywhere, else
    by their keys; keys 0 to n − 1 in order are no names. The ``weight`` attribute is the weight,
    1 where a link has none. A matrix is undirected when it is symmetric or triangular.

    Raises
    ------
    TopologyError
        If the input is no graph.
    """
    topology = getattr(graph, "topology", graph)
    if hasattr(topology, "graph_populations"):
        return _table_of_topology(topology)
    if type(graph).__module__.split(".")[0] == "igraph":
        return _table_of_igraph(graph)
    if hasattr(graph, "adj") and hasattr(graph, "nodes"):
        return _table_of_networkx(graph)
    return table_of_matrix(graph)


def _table_of_topology(topology: Topology) -> LinkTable:
    from .network import LinkTable

    u, v = topology.links()
    weights = [layer.weights for layer in topology.layers if layer.weights is not None]
    weighted = topology.is_weighted
    population = topology.graph_populations[0] if len(topology.graph_populations) == 1 else None
    return LinkTable(
        topology.n_nodes,
        u,
        v,
        np.concatenate(weights, dtype=np.float64) if weighted else None,
        topology.is_directed and not topology.is_layered,
        topology.node_labels if population is None else population.names,
        {} if population is None else population.attributes,
    )


def table_of_matrix(matrix: Any) -> LinkTable:
    """Return the links of a square matrix: its entries that are not zero.

    Raises
    ------
    TopologyError
        If it is no square matrix of finite real numbers, or a sparse one contradicts itself.
    """
    import scipy.sparse

    from .network import LinkTable

    csr = _checked_matrix(matrix)
    n = csr.shape[0]
    u, v = csr.nonzero()
    data = csr.data
    pattern = data.dtype == bool or (data == 1).all()
    back = scipy.sparse.csr_array(csr.T)
    back.sort_indices()
    same = (csr.indptr == back.indptr).all() and (csr.indices == back.indices).all()
    if same and (csr.data == back.data).all():
        keep, directed = u <= v, False
        return LinkTable(n, u[keep], v[keep], None if pattern else data[keep], directed)
    triangular = bool((u <= v).all() or (u >= v).all())
    return LinkTable(n, u, v, None if pattern else data, not triangular)


def _checked_matrix(matrix: Any) -> scipy.sparse.csr_array:
    import scipy.sparse

    if not (scipy.sparse.issparse(matrix) or isinstance(matrix, np.ndarray)):
        raise TopologyError(
            f"a graph must be an igraph.Graph, a networkx.Graph or a square scipy sparse matrix, "
            f"not {type(matrix).__name__}"
        )
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise TopologyError(f"an adjacency matrix must be square, not {matrix.shape}")
    if matrix.dtype.kind not in "buif":
        raise TopologyError(f"an adjacency matrix must be of real numbers, not {matrix.dtype}")
    if matrix.dtype == np.float16 or matrix.dtype == np.longdouble:
        matrix = matrix.astype(np.float64)
    # Row starts out of order make the compiled routines of scipy write outside their arrays.
    if hasattr(matrix, "check_format"):
        try:
            matrix.check_format(full_check=True)
        except (ValueError, IndexError, TypeError) as error:
            raise TopologyError(f"the sparse matrix contradicts itself: {error}") from error
    csr = scipy.sparse.csr_array(matrix, copy=True)
    csr.sum_duplicates()
    csr.sort_indices()
    if csr.dtype.kind == "f" and not np.isfinite(csr.data).all():
        raise TopologyError("the adjacency matrix holds NaN or infinity")
    csr.eliminate_zeros()
    return csr


def _table_of_igraph(graph: Any) -> LinkTable:
    from .network import LinkTable

    ends = np.array(graph.get_edgelist(), dtype=np.int64).reshape(-1, 2)
    rows = {key: graph.vs[key] for key in graph.vs.attributes()}
    weights = graph.es["weight"] if "weight" in graph.es.attributes() else None
    names, columns = _named(list(range(graph.vcount())), rows)
    return LinkTable(
        graph.vcount(),
        ends[:, 0],
        ends[:, 1],
        _weights(weights),
        graph.is_directed(),
        names,
        columns,
    )


def _table_of_networkx(graph: Any) -> LinkTable:
    from .network import LinkTable

    place = {node: i for i, node in enumerate(graph.nodes)}
    links = [(place[u], place[v], weight) for u, v, weight in graph.edges(data="weight")]
    ends = np.array([link[:2] for link in links], dtype=np.int64).reshape(-1, 2)
    keys = dict.fromkeys(key for _, data in graph.nodes(data=True) for key in data)
    rows = {key: [data.get(key) for _, data in graph.nodes(data=True)] for key in keys}
    names, columns = _named(list(place), rows)
    return LinkTable(
        len(place),
        ends[:, 0],
        ends[:, 1],
        _weights([link[2] for link in links]),
        graph.is_directed(),
        names,
        columns,
    )


def _weights(values: list[Any] | None) -> Any:
    if values is None or all(value is None for value in values):
        return None
    try:
        return np.array([1.0 if value is None else value for value in values], dtype=np.float64)
    except (TypeError, ValueError):
        raise TopologyError("the graph has weights that are not numbers") from None


def _named(keys: list[Any], rows: dict[Any, list[Any]]) -> tuple[Any, dict[str, Any]]:
    """Return the names of nodes, or None, and their attributes as columns."""
    if all(mark in rows for mark in MARKS):
        rows = {key: values for key, values in rows.items() if key not in MARKS}
    columns = {
        str(key).removeprefix(_CLASH): attributes.column(values)
        for key, values in rows.items()
        if str(key)
    }
    for key in ("name", "label"):
        if key in rows and name_nodes(rows[key]):
            columns.pop(key)
            if not all(isinstance(node, (int, np.integer)) for node in keys):
                columns.setdefault("id", attributes.column([str(node) for node in keys]))
            return list(rows[key]), columns
    if keys == list(range(len(keys))):
        return None, columns
    texts = [str(key) for key in keys]
    return texts if len(set(texts)) == len(texts) else [repr(key) for key in keys], columns


def name_nodes(texts: list[Any]) -> bool:
    """Whether texts can name nodes: each is there, is text, and differs from the others."""
    return all(isinstance(text, str) and text for text in texts) and len(set(texts)) == len(texts)


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
            spelt = f"{_CLASH}{key}" if key in reserved or key.startswith(_CLASH) else key
            facts[spelt] = value
    return facts


def to_networkx(topology: Topology) -> networkx.Graph:
    """Convert a topology; see `Topology.to_networkx`."""
    import networkx as nx

    pairs = [(layer.source, layer.target) for layer in topology.layers]
    if not topology.is_directed:
        graph: networkx.Graph = nx.Graph()
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
