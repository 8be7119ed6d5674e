import igraph
import networkx as nx
import numpy as np
import pytest
import scipy.sparse

from netsci_dst.analysis import arcs, degrees, usable_arcs
from netsci_dst.errors import NetsciError
from netsci_dst.topology import Topology

FORMS = {
    "networkx": lambda graph: graph,
    "igraph": igraph.Graph.from_networkx,
    "scipy": lambda graph: nx.to_scipy_sparse_array(graph, format="csr"),
    "numpy": nx.to_numpy_array,
}


def letters():
    graph = nx.DiGraph()
    graph.add_weighted_edges_from([("a", "b", 2.0), ("b", "a", 1.0), ("b", "c", 4.5)])
    graph.add_edge("c", "c", weight=7.0)  # a self-loop is no link
    return graph


@pytest.mark.parametrize("form", FORMS)
def test_directions_and_weights_of_every_kind_of_graph(form):
    found = arcs(FORMS[form](letters()))
    assert found.directed
    assert found.weighted
    assert found.matrix.toarray().tolist() == [[0, 2, 0], [1, 0, 4.5], [0, 0, 0]]
    assert found.out_strength.tolist() == [2, 5.5, 0]
    assert found.in_strength.tolist() == [1, 2, 4.5]
    assert found.symmetric.toarray().tolist() == [[0, 3, 0], [3, 0, 4.5], [0, 4.5, 0]]


@pytest.mark.parametrize("form", FORMS)
def test_undirected_graphs_are_symmetric(form):
    graph = nx.les_miserables_graph()
    found = arcs(FORMS[form](graph))
    assert not found.directed
    truth = nx.to_numpy_array(graph)
    np.testing.assert_array_equal(found.matrix.toarray(), truth)
    plain = arcs(FORMS[form](graph), weights=False)
    assert not plain.weighted
    np.testing.assert_array_equal(plain.matrix.toarray(), truth > 0)


def test_a_layered_topology_runs_from_input_to_output():
    first = np.array([[1.0, -2.0], [0.0, 3.0]], np.float32)
    second = np.array([[0.5], [0.0]], np.float32)
    found = arcs(Topology.chain([first, second]))
    assert found.directed
    assert found.matrix.toarray()[:2, 2:4].tolist() == np.abs(first).tolist()
    assert found.matrix.toarray()[2:4, 4:].tolist() == second.tolist()
    assert found.matrix.nnz == 4


def test_unweighted_matrices_and_negative_weights():
    ones = scipy.sparse.csr_array(np.array([[0, 1], [1, 0]]))
    assert not arcs(ones).weighted
    negative = nx.Graph()
    negative.add_edge(0, 1, weight=-1.0)
    with pytest.raises(NetsciError, match="at least 0"):
        arcs(negative)
    assert not usable_arcs(negative).weighted
    with pytest.raises(NetsciError, match="square"):
        arcs(np.ones((2, 3)))


def test_degrees_in_and_out():
    graph = nx.gnp_random_graph(40, 0.1, seed=3, directed=True)
    found = degrees(graph)
    assert found.into.tolist() == [d for _, d in graph.in_degree]
    assert found.out.tolist() == [d for _, d in graph.out_degree]
    assert found.total.tolist() == [d for _, d in nx.Graph(graph).degree]
