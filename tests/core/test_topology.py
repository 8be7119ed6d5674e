import networkx as nx
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from netsci_dst.errors import TopologyError, UnknownName
from netsci_dst.graphs import as_adjacency, as_igraph
from netsci_dst.topology import Dense, Layer, Population, Topology


@st.composite
def matrices(draw, max_size=8):
    rows, columns = draw(st.integers(1, max_size)), draw(st.integers(1, max_size))
    bits = draw(st.lists(st.booleans(), min_size=rows * columns, max_size=rows * columns))
    return np.array(bits).reshape(rows, columns)


@given(matrices())
def test_layer_holds_the_matrix_it_was_made_from(matrix):
    layer = Layer.from_matrix("l", "a", "b", matrix)
    assert (layer.to_scipy().toarray() == matrix).all()
    assert layer.n_links == matrix.sum()
    assert (layer.out_degrees == matrix.sum(1)).all()
    assert (layer.in_degrees == matrix.sum(0)).all()
    assert (np.diff(layer.keys) > 0).all()
    assert layer.density == pytest.approx(matrix.mean())
    again = Layer.from_links("l", "a", "b", matrix.shape, *np.nonzero(matrix))
    assert (again.keys == layer.keys).all()


def test_weights_follow_links_given_in_any_order():
    layer = Layer.from_links("l", "a", "b", (2, 3), [1, 0, 1], [2, 1, 0], [1.0, 2.0, 3.0])
    assert layer.to_scipy(weighted=True).toarray().tolist() == [[0, 2, 0], [3, 0, 1]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sources": [0, 0], "targets": [1, 1]}, "repeated"),
        ({"sources": [2], "targets": [0]}, "outside"),
        ({"sources": [0], "targets": [-1]}, "outside"),
        ({"sources": [0], "targets": [0], "weights": [np.nan]}, "NaN"),
        ({"sources": [0], "targets": [0], "weights": [1.0, 2.0]}, "1 links but 2 weights"),
        ({"sources": [0], "targets": [0], "multiplicity": [0]}, "multiplicity"),
        ({"sources": [0, 1], "targets": [0]}, "targets"),
    ],
)
def test_impossible_layers_are_refused(changes, message):
    with pytest.raises(TopologyError, match=message):
        Layer.from_links("l", "a", "b", (2, 2), **changes)


@pytest.mark.parametrize(
    ("population", "message"),
    [
        ({"name": "", "size": 1}, "name"),
        ({"name": "a", "size": 0}, "at least one"),
        ({"name": "a", "size": 4, "shape": (3,)}, "grid"),
        ({"name": "a", "size": 4, "role": "x"}, "role"),
        ({"name": "a", "size": 4, "combine": "x"}, "combine"),
    ],
)
def test_impossible_populations_are_refused(population, message):
    with pytest.raises(TopologyError, match=message):
        Population(**population)


def test_topologies_that_contradict_themselves_are_refused():
    a, b = Population("a", 2, "input"), Population("b", 3)
    layer = Layer.from_matrix("l", "a", "b", np.ones((2, 3)))
    with pytest.raises(TopologyError, match="shape"):
        Topology((a, Population("b", 4)), (layer,))
    with pytest.raises(TopologyError, match="topological order"):
        Topology((b, a), (layer,))
    with pytest.raises(TopologyError, match="two populations"):
        Topology((a, a), ())
    with pytest.raises(UnknownName, match="did you mean 'aa'"):
        Topology((Population("aa", 2), b), (layer,))
    with pytest.raises(TopologyError, match="different sizes"):
        Topology((a, b), (layer,), skips=(("a", "b"),))


def mlp(seed=0):
    rng = np.random.default_rng(seed)
    sizes = [(6, 5), (5, 4), (4, 7)]
    weights = [(rng.random(s) < 0.4) * rng.standard_normal(s) for s in sizes]
    populations = (
        Population("in", 6, "input", shape=(2, 3)),
        Population("h1", 5),
        Population("h2", 4),
        Population("h3", 7),
        Population("out", 2, "output"),
    )
    layers = tuple(
        Layer.from_matrix(f"fc{i}", populations[i].name, populations[i + 1].name, w)
        for i, w in enumerate(weights)
    )
    return Topology(populations, layers, (Dense("head", "h3", "out"),)), weights


def test_the_graph_leaves_out_dense_layers_and_counts_each_population_once():
    topology, weights = mlp()
    assert topology.n_nodes == 22
    assert [p.name for p in topology.graph_populations] == ["in", "h1", "h2", "h3"]
    blocks = [[None] * 4 for _ in range(4)]
    for i, n in enumerate([6, 5, 4, 7]):
        blocks[i][i] = scipy.sparse.csr_array((n, n))
    for i, w in enumerate(weights):
        blocks[i][i + 1], blocks[i + 1][i] = w != 0, (w != 0).T
    assert (topology.to_scipy().toarray() == scipy.sparse.block_array(blocks).toarray()).all()
    assert (topology.degrees == topology.to_scipy().toarray().sum(0)).all()
    hidden = topology.hidden
    assert hidden is not None
    assert [layer.name for layer in hidden.layers] == ["fc1", "fc2"]


def test_conversions_agree_and_carry_attributes():
    topology, weights = mlp()
    graph, other = topology.to_networkx(), topology.to_igraph()
    assert graph.is_directed()
    assert other.is_directed()
    assert sorted(graph.edges()) == sorted(other.get_edgelist())
    for node, data in graph.nodes(data=True):
        vertex = other.vs[node]
        assert {k: vertex[k] for k in data} == data
        assert data["degree"] == topology.degrees[node]
    for u, v, data in graph.edges(data=True):
        edge = other.es[other.get_eid(u, v)]
        i = int(data["layer"][2:])
        start = list(topology.offsets.values())
        expected = np.float32(weights[i][u - start[i], v - start[i + 1]])
        assert data["weight"] == edge["weight"] == expected
    for converted in (graph, other, topology.to_scipy(), topology):
        assert (as_adjacency(converted).toarray() == topology.to_scipy().toarray()).all()


def test_parallel_links_of_two_layers_stay_apart_in_networkx_and_merge_in_the_graph():
    a, b = Population("a", 2, "input"), Population("qk", 2)
    layers = [Layer.from_matrix(n, "a", "qk", np.eye(2)) for n in ("q", "k")]
    topology = Topology((a, b), tuple(layers))
    assert isinstance(topology.to_networkx(), nx.MultiDiGraph)
    assert topology.to_networkx().number_of_edges() == 4
    assert topology.degrees.tolist() == [1, 1, 1, 1]


def test_a_general_network_round_trips():
    graph = nx.karate_club_graph()
    topology = Topology.network(graph)
    assert not topology.is_layered
    assert topology.n_links == graph.number_of_edges()
    back = topology.to_networkx()
    assert not back.is_directed()
    assert nx.utils.graphs_equal(nx.Graph(back.edges()), nx.Graph(graph.edges()))
    assert as_igraph(graph).degree() == [d for _, d in graph.degree()]
    assert topology.density == pytest.approx(nx.density(graph))


@pytest.mark.parametrize("graph", [[[0, 1], [1, 0]], "edges.csv", np.zeros((2, 3)), None])
def test_what_is_no_graph_is_refused(graph):
    with pytest.raises(TopologyError, match=r"graph must be|square"):
        as_adjacency(graph)


def test_self_loops_weights_and_directions_are_dropped():
    matrix = scipy.sparse.csr_array(np.array([[5.0, 2.0, 0], [0, 0, -1.0], [0, 0, 0]]))
    expected = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=bool)
    assert (as_adjacency(matrix).toarray() == expected).all()
