import networkx as nx
import numpy as np
import pytest
import scipy.io
import scipy.sparse

from netsci_dst import analyze, read_network
from netsci_dst.errors import DataError, NetsciError
from netsci_dst.graphs import as_adjacency
from netsci_dst.topology import Topology

EDGES = [(0, 1), (1, 2), (2, 0), (2, 10)]


@pytest.mark.parametrize(
    "text",
    [
        "0 1\n1 2\n2 0\n2 10\n",
        "source,target\n0,1\n1,2\n2,0\n2,10\n",
        "# a comment\n% another\n\n0\t1\t0.5\n1\t2\t0.25\n2\t0\t1\n2\t10\t1\n",
        "From;To;weight\n0;1;1\n1;2;1\n2;0;1\n2;10;1\n",
        "0, 1\n1, 2\n1, 2\n2, 1\n0, 0\n2, 0\n10, 2\n",
        "\ufeff0 1\n1 2\n2 0\n2 10\n",
    ],
)
def test_edge_lists_in_many_forms(tmp_path, text):
    file = tmp_path / "edges.txt"
    file.write_text(text)
    topology = read_network(file)
    truth = nx.to_scipy_sparse_array(nx.Graph(EDGES), nodelist=[0, 1, 2, 10])
    assert (topology.to_scipy().toarray() == (truth.toarray() > 0)).all()


def test_names_are_nodes_too(tmp_path):
    file = tmp_path / "people.csv"
    file.write_text("Ada,Bob\nBob,Cy\n")
    assert read_network(file).n_nodes == 3
    assert read_network(file).n_links == 2


def test_numbers_are_ordered_as_numbers(tmp_path):
    file = tmp_path / "numbers.txt"
    file.write_text("9 10\n10 100\n")
    degrees = read_network(file).degrees
    assert degrees.tolist() == [1, 2, 1]


def test_graphml_gml_mtx_npz(tmp_path):
    graph = nx.karate_club_graph()
    truth = as_adjacency(graph).toarray()
    plain = nx.Graph(list(graph.edges))
    plain.add_nodes_from(sorted(graph))
    ordered = nx.Graph()
    ordered.add_nodes_from(sorted(graph))
    ordered.add_edges_from(graph.edges)
    nx.write_graphml(ordered, tmp_path / "a.graphml")
    nx.write_gml(ordered, tmp_path / "a.gml")
    matrix = nx.to_scipy_sparse_array(ordered, weight=None)
    scipy.io.mmwrite(tmp_path / "a.mtx", matrix)
    scipy.sparse.save_npz(tmp_path / "a.npz", matrix)
    for name in ("a.graphml", "a.gml", "a.mtx", "a.npz"):
        assert (read_network(tmp_path / name).to_scipy().toarray() == truth).all(), name


@pytest.mark.parametrize("form", ["graphml", "gexf"])
def test_layers_come_back(tmp_path, form):
    rng = np.random.default_rng(1)
    matrices = [(rng.random(s) < 0.5) * rng.normal(size=s) for s in [(4, 5), (5, 6)]]
    topology = Topology.chain([matrix.astype(np.float32) for matrix in matrices])
    file = tmp_path / f"mlp.{form}"
    if form == "graphml":
        topology.to_igraph().write_graphml(str(file))
    else:
        nx.write_gexf(topology.to_networkx(), file)
    found = read_network(file)
    assert found.is_layered
    assert [p.name for p in found.graph_populations] == ["input", "hidden1", "output"]
    assert [p.role for p in found.populations] == ["input", "hidden", "output"]
    for before, after in zip(topology.layers, found.layers):
        assert before.name == after.name
        assert (before.keys == after.keys).all()
        np.testing.assert_allclose(before.weights, after.weights, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.txt", "", "lists no links"),
        ("comments.csv", "# only\n", "lists no links"),
        ("one.txt", "alone\n", "line 1: 'alone' does not name two nodes"),
        ("half.csv", "a,b\nc,\n", "line 2: link 2 lacks an end"),
        ("broken.graphml", "<graphml", "line 1: is no XML"),
        ("broken.mtx", "nothing", "line 1: is no mtx file"),
        ("broken.npz", "nothing", "is not a readable npz file"),
    ],
)
def test_files_that_are_no_networks(tmp_path, name, content, message):
    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(NetsciError, match=message):
        read_network(file)


def test_binary_and_missing_files(tmp_path):
    with pytest.raises(DataError, match="is not a file"):
        read_network(tmp_path / "absent.csv")
    file = tmp_path / "binary.txt"
    file.write_bytes(b"\x80\xfe\x00\x01")
    with pytest.raises(DataError, match="no text file"):
        read_network(file)


def test_the_pso_network(shared_data):
    file = shared_data / "networks" / "pso_network_edges.csv"
    topology = read_network(file)
    assert (topology.n_nodes, topology.n_links) == (1000, 5979)
    frame = analyze(str(file), ["modularity", "k_shell"])
    assert frame.set_index("quantity")["value"]["modularity"] > 0.5
