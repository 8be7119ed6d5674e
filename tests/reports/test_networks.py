import json
import re

import igraph
import networkx as nx
import numpy as np
import pytest
import scipy.sparse

import netsci_dst as nd
from netsci_dst import measures, registry
from netsci_dst.errors import RunError
from netsci_dst.reports import node_table
from netsci_dst.reports.networks.data import NetworkData
from netsci_dst.reports.networks.places import spring_layout
from netsci_dst.reports.networks.tiles import tiles
from netsci_dst.reports.networks.words import sentences
from netsci_dst.reports.prepare import prepare
from netsci_dst.reports.subjects import open_subjects

WORDS_OF_TRAINING = ("neuron", "epoch", "layer", "method", "snapshot")


@pytest.fixture(scope="module")
def karate():
    (run,) = open_subjects(nx.karate_club_graph())
    prepare([run])
    return NetworkData(run)


def page_words(page):
    """The words that a reader sees: no scripts, no data, no explanations folded away."""
    text = re.sub(r"(?s)<(script|style|details).*?</\1>", " ", page)
    return re.sub(r"<[^>]+>", " ", text)


def test_everything_that_analyze_takes_has_a_page(tmp_path):
    graph = nx.karate_club_graph()
    file = tmp_path / "karate.edgelist"
    file.write_text("\n".join(f"{u} {v}" for u, v in graph.edges))
    given = {
        "networkx": graph,
        "igraph": igraph.Graph.from_networkx(nx.Graph(graph.edges)),
        "scipy": scipy.sparse.csr_array(nx.to_scipy_sparse_array(graph, weight=None)),
        "topology": nd.Topology.network(graph),
        "file": file,
    }
    for kind, subject in given.items():
        (run,) = open_subjects(subject)
        topology = run.snapshots[-1].topology
        assert (topology.n_nodes, topology.n_links) == (34, 78), kind
        path = nd.report(subject, tmp_path / f"{kind}.html", analyze=False)
        assert "78</a> links" in path.read_text(), kind
    assert len(nd.show.ccdf(graph).data[0].x) == len(set(dict(graph.degree).values()))
    assert nd.show.network(graph).data


def test_a_page_of_a_network_speaks_of_networks(karate, tmp_path):
    page = nd.report(karate.run, tmp_path / "k.html", analyze=False).read_text()
    words = page_words(page)
    for word in WORDS_OF_TRAINING:
        assert not re.search(rf"\b{word}s?\b", words, re.IGNORECASE), word
    assert 'class="timebar"' not in page
    assert page.index("<svg viewBox") < page.index("<script")


def test_the_sentence_says_what_kind_of_network_it_is(karate):
    first = sentences(karate, "run0")[0]
    text = re.sub(r"<[^>]+>", "", first)
    assert text.startswith("A small, connected, weighted network of 34 nodes and 78 links: four")
    q = karate.number("modularity", "modularity")
    assert f"Q = {q:.2g}" in text
    assert 'href="#run0-communities"' in first


def test_tiles_are_the_network_s_own_numbers(karate):
    found = {tile.key: tile for group in tiles(karate) for tile in group.tiles}
    graph = nx.karate_club_graph()
    assert found["size"].value == "34"
    assert found["core"].value == f"k = {max(nx.core_number(graph).values())}"
    assert found["clustering"].value == f"{nx.average_clustering(graph):.2g}"
    assert len(found) <= 9


def test_the_node_table_is_right(karate):
    graph = nx.karate_club_graph()
    columns = karate.columns
    assert columns["degree"].tolist() == [d for _, d in graph.degree]
    assert columns["coreness"].tolist() == list(nx.core_number(graph).values())
    between = nx.betweenness_centrality(graph)
    assert columns["betweenness"] == pytest.approx([between[i] for i in graph])
    assert set(columns["club"]) == {"Mr. Hi", "Officer"}


def test_directed_and_disconnected_networks_are_told(tmp_path):
    graph = nx.DiGraph([("ä", "ö"), ("ö", "ü"), ("ü", "ä"), ("x", "y")])
    (run,) = open_subjects(graph)
    network = NetworkData(run)
    text = re.sub(r"<[^>]+>", "", sentences(network, "u")[0])
    assert "disconnected, directed network of 5 nodes" in text
    assert "in 2 components, the largest of 60 % of the nodes" in text
    page = nd.report(graph, tmp_path / "d.html").read_text()
    assert "ü" in page


def test_springs_draw_a_network_the_same_way_each_time():
    topology = nd.Topology.network(nx.barabasi_albert_graph(200, 2, seed=1))
    first, again = spring_layout(topology), spring_layout(topology)
    assert np.array_equal(first, again)
    assert 0 <= np.min(first) <= np.max(first) <= 1
    near = nd.Topology.network(nx.connected_caveman_graph(6, 10))
    x, y = spring_layout(near)
    u, v = near.links()
    linked = np.hypot(x[u] - x[v], y[u] - y[v]).mean()
    anyone = np.hypot(x[:, None] - x, y[:, None] - y).mean()
    assert linked < 0.5 * anyone


def test_several_networks_are_compared(tmp_path):
    pair = [nx.path_graph(9), nx.complete_graph(7)]
    page = nd.report(pair, tmp_path / "two.html", analyze=False).read_text()
    assert "Side by side" in page
    assert 'id="tab-run1"' in page


def test_runs_and_networks_are_not_mixed(plain_run, tmp_path):
    with pytest.raises(RunError, match="not both"):
        nd.report([plain_run, nx.path_graph(4)], tmp_path / "r.html", analyze=False)


def test_names_of_nodes_stay_text(tmp_path):
    graph = nx.Graph(
        [("<img src=x onerror=alert(1)>", "</script><script>alert(2)"), ("=cmd()", "b")]
    )
    page = nd.report(graph, tmp_path / "h.html", analyze=False).read_text()
    assert "<img src=x" not in page
    assert "</script><script>alert" not in page


def test_figures_of_a_network(karate, tmp_path):
    paths = nd.reports.figures(karate.run, tmp_path, "png", 60, only=["degrees", "network"])
    assert {"degrees-ccdf", "network"} <= {path.stem for path in paths}
    assert json.dumps(sorted(p.suffix for p in tmp_path.iterdir())).count(".csv") >= 2


def test_measures_from_outside_are_on_the_page_and_in_the_table_of_nodes(tmp_path, request):
    request.addfinalizer(lambda: registry.remove("measure", "neighbour_mean"))

    @measures.measure("neighbour_mean", tier="cheap", source="an example")
    def neighbour_mean(snapshot):
        """Mean degree of the neighbours of each node."""
        degrees = snapshot.topology.degrees
        each = snapshot.topology.to_scipy().astype(float) @ degrees / np.maximum(degrees, 1)
        yield measures.Value("network", "neighbour_mean", float(each.mean()))
        yield measures.Array("neighbour_mean", each)

    graph = nx.barbell_graph(4, 1)
    (run,) = open_subjects(graph)
    nd.analyze(run, ["neighbour_mean", "k_shell"])
    table = node_table(run, analyze=False)
    truth = nx.average_neighbor_degree(graph)
    assert table["neighbour_mean"].tolist() == pytest.approx([truth[v] for v in graph])
    page = nd.report(run, tmp_path / "n.html", analyze=False).read_text()
    row = re.search(r"neighbour_mean</td><td[^>]*>neighbour_mean</td><td[^>]*>([\d.]+)<", page)
    assert row is not None
    assert float(row[1]) == pytest.approx(np.mean(list(truth.values())), rel=1e-4)
