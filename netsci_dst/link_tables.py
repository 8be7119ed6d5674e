"""Any graph as a table of links, with the names and attributes of its nodes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from . import attributes
from .errors import TopologyError
from .node_marks import CLASH, MARKS
from .sparse_check import sound_sparse

if TYPE_CHECKING:
    import scipy.sparse

    from .network import LinkTable
    from .topology import Topology


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

    csr = checked_matrix(matrix)
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


def checked_matrix(matrix: Any) -> scipy.sparse.csr_array:
    """Return a square matrix of finite real numbers, whose parts agree, as CSR of its own.

    Raises
    ------
    TopologyError
        If it is none.
    """
    import scipy.sparse

    if not (scipy.sparse.issparse(matrix) or isinstance(matrix, np.ndarray)):
        kind = type(matrix).__name__
        readable = isinstance(matrix, (str, os.PathLike)) or kind == "DataFrame"
        raise TopologyError(
            "a graph must be an igraph.Graph, a networkx.Graph or a square scipy sparse matrix, "
            f"not {kind}{'; netsci_dst.read_network reads that' if readable else ''}"
        )
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise TopologyError(f"an adjacency matrix must be square, not {matrix.shape}")
    if matrix.dtype.kind not in "buif":
        raise TopologyError(f"an adjacency matrix must be of real numbers, not {matrix.dtype}")
    # Row starts out of order make the compiled routines of scipy write outside their arrays.
    matrix = sound_sparse(matrix)
    if matrix.dtype == np.float16 or matrix.dtype == np.longdouble:
        matrix = matrix.astype(np.float64)
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
        str(key).removeprefix(CLASH): attributes.column(values)
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
