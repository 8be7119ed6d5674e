"""General networks: what is kept of any graph, and what is merged."""

import igraph
import networkx as nx
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from netsci_dst.errors import TopologyError
from netsci_dst.network import LinkTable, Merged
from netsci_dst.population import Population
from netsci_dst.snapshots import Snapshot, from_bytes, to_bytes
from netsci_dst.topology import Topology, simple_network

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=6)
ATTRIBUTES = st.one_of(
    st.lists(st.floats(allow_nan=True), min_size=4, max_size=4).map(np.array),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=4, max_size=4).map(np.array),
    st.lists(st.booleans(), min_size=4, max_size=4),
    st.lists(st.none() | TEXT, min_size=4, max_size=4),
)


def table(links, n=4, weights=None, directed=None, **more):
    u, v = np.array(links).T
    return LinkTable(n, u, v, None if weights is None else np.array(weights), directed, **more)


@st.composite
def named_networks(draw):
    names = draw(st.lists(TEXT, min_size=4, max_size=4, unique=True))
    columns = draw(st.dictionaries(TEXT.filter(bool), ATTRIBUTES, max_size=3))
    directed = draw(st.booleans())
    return simple_network(
        table(
            [(0, 1), (2, 1)],
            weights=draw(st.none() | st.just([0.1, -2.0])),
            directed=directed,
            names=names,
            attributes=columns,
        )
    )[0]


@given(named_networks())
def test_names_attributes_weights_and_directions_survive_a_snapshot(topology):
    back = from_bytes(to_bytes(Snapshot(topology))).topology
    assert back.populations == topology.populations
    assert back.is_directed == topology.is_directed
    a, b = topology.layers[0], back.layers[0]
    assert a.keys.tolist() == b.keys.tolist()
    assert (a.weights is None) == (b.weights is None)
    assert a.weights is None or (a.weights == b.weights).all()


@given(named_networks())
def test_networkx_and_igraph_carry_names_and_attributes(topology):
    for graph in (topology.to_networkx(), topology.to_igraph()):
        back = Topology.network(graph)
        assert back.is_directed == topology.is_directed
        names = topology.populations[0].names
        if all(names):
            assert back.populations[0].names == names
        a, b = topology.layers[0].weights, back.layers[0].weights
        assert a is None or (a == b).all()


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
def test_weights_are_those_of_networkx(kind):
    graph = kind()
    graph.add_weighted_edges_from([("b", "a", 0.1), ("a", "c", 2), ("c", "c", 1), ("b", "a", 3)])
    topology = Topology.network(graph)
    plain = nx.to_scipy_sparse_array(graph, dtype=np.float64)
    plain.setdiag(0)
    assert topology.is_directed == graph.is_directed()
    assert (topology.to_scipy(weighted=True, directed=True).toarray() == plain.toarray()).all()
    assert topology.node_labels == ("b", "a", "c")


def test_directed_matrices_and_their_undirected_view():
    matrix = np.array([[0, 2, 0], [1, 0, 0], [0, 3, 0]])
    topology = Topology.network(scipy.sparse.csr_array(matrix))
    assert (topology.is_directed, topology.is_layered, topology.n_links) == (True, False, 3)
    assert (topology.to_scipy(weighted=True, directed=True).toarray() == matrix).all()
    assert (topology.to_scipy(directed=True).toarray() == (matrix > 0)).all()
    view = topology.undirected()
    assert not view.is_directed
    assert (view.to_scipy(weighted=True).toarray() == matrix + matrix.T).all()
    assert (view.to_scipy().toarray() == topology.to_scipy().toarray()).all()
    assert topology.density == pytest.approx(3 / 6)


def test_symmetric_and_triangular_matrices_are_undirected():
    full = np.array([[0, 2, 0], [2, 0, 3], [0, 3, 0]])
    for matrix in (full, np.triu(full), np.tril(full)):
        topology = Topology.network(matrix)
        assert not topology.is_directed
        assert (topology.to_scipy(weighted=True).toarray() == full).all()
    assert Topology.network(np.triu(full), directed=True).is_directed


@pytest.mark.parametrize(
    ("links", "options", "expected", "merged"),
    [
        ([(0, 1), (0, 1), (1, 1)], {"weights": [1, 2, 9]}, {(0, 1): 3}, Merged(1, 1)),
        ([(0, 1), (1, 0)], {"weights": [2, 2]}, {(0, 1): 2}, Merged(0, 0, True)),
        ([(0, 1), (1, 0)], {"directed": True}, {(0, 1): 1, (1, 0): 1}, Merged()),
        ([(0, 1), (1, 0), (1, 2)], {}, {(0, 1): 1, (1, 2): 1}, Merged(0, 1)),
        (
            [(0, 1), (1, 0), (1, 2)],
            {"weights": [1, 2, 3], "directed": False},
            {(0, 1): 3, (1, 2): 3},
            Merged(0, 1),
        ),
    ],
)
def test_what_is_merged(links, options, expected, merged):
    topology, found = simple_network(table(links, **options))
    layer = topology.layers[0]
    weights = np.ones(layer.n_links) if layer.weights is None else layer.weights
    assert dict(zip(zip(layer.sources.tolist(), layer.indices.tolist()), weights)) == expected
    assert found == merged


def test_two_weights_of_one_pair_are_refused_unless_directions_are_said():
    lines = np.array([3, 4, 9])
    with pytest.raises(TopologyError, match="line 3 and line 9 join the same nodes in both"):
        simple_network(table([(0, 1), (1, 2), (1, 0)], weights=[1, 2, 3], lines=lines))
    with pytest.raises(TopologyError, match="line 4 has weight nan"):
        simple_network(table([(0, 1), (1, 2), (1, 0)], weights=[1, np.nan, 3], lines=lines))


def test_parallel_links_are_counted():
    topology, _ = simple_network(table([(0, 1), (0, 1), (1, 2)]))
    assert topology.layers[0].multiplicity.tolist() == [2, 1]


def test_a_sparse_matrix_that_contradicts_itself_is_refused():
    matrix = scipy.sparse.csr_array(np.eye(3))
    matrix.indptr[1] = 900_000
    with pytest.raises(TopologyError, match="contradicts itself"):
        Topology.network(matrix)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": ["a", "a"]}, "two members called 'a'"),
        ({"names": ["a"]}, "2 members but 1 names"),
        ({"names": ["a", "\ud800"]}, "not valid Unicode"),
        ({"names": ["a", 1]}, "not text"),
        ({"attributes": {"x": [1]}}, "2 members but attribute 'x'"),
        ({"attributes": {"x": [1, [2]]}}, "neither numbers nor text"),
    ],
)
def test_impossible_names_and_attributes_are_refused(options, message):
    with pytest.raises(TopologyError, match=message):
        Population("a", 2, **options)


def test_long_text_costs_what_it_is_long():
    names = ["x" * 50_000, *map(str, range(50_000))]
    column = Population("a", 50_001, names=names, attributes={"t": names}).attributes["t"]
    assert column.dtype == object


def test_igraph_weights_and_names():
    graph = igraph.Graph.TupleList([("a", "b", 2.5), ("b", "c", 1)], directed=True, weights=True)
    topology = Topology.network(graph)
    assert topology.is_directed
    assert topology.populations[0].names == ("a", "b", "c")
    assert topology.layers[0].weights.tolist() == [2.5, 1]
