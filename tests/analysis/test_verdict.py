import networkx as nx
import pytest

from netsci_dst.analysis import analyze, in_words, k_shells


@pytest.fixture(scope="module")
def lesmis():
    graph = nx.les_miserables_graph()
    measures = ["degrees", "modularity", "k_shell", "path_length", "clustering", "null_model"]
    measures += ["assortativity", "power_law", "small_world", "rich_club"]
    return graph, analyze(graph, measures)


def test_each_sentence_holds_what_was_measured(lesmis):
    graph, frame = lesmis
    text = in_words(frame)
    assert text.startswith(
        "A small weighted undirected network of 77 nodes and 254 links: 6.6 links per node, "
        "density 8.7 %."
    )
    core = k_shells(graph)
    assert f"The core are {core.core.size} nodes with at least {core.k_max} links" in text
    assert "It is connected." in text
    by = frame.set_index(["measure", "quantity"])["value"]
    assert f"modularity Q = {by['modularity', 'modularity']:.2f}" in text
    assert "p ≤ 0.005 (200 nulls)" in text
    assert "a small world (σ =" in text
    assert "whether it holds was not tested" in text
    assert "Well-linked nodes are linked to others with few (assortativity −0.17;" in text


def test_what_was_not_measured_is_not_spoken_of():
    graph = nx.karate_club_graph()
    assert "communities" not in in_words(analyze(graph, "degrees"))
    assert in_words(analyze(graph, "modularity")).startswith("4 communities")
    assert in_words(analyze(graph, "rich_club")).count("rich club") == 1


def test_directions_components_and_isolated_nodes():
    graph = nx.DiGraph([(0, 1), (1, 2), (2, 0), (3, 4)])
    graph.add_node(5)
    text = in_words(analyze(graph, ["degrees", "path_length", "power_law_test"]))
    assert "A small directed network of 6 nodes and 4 links, 1 of them without links" in text
    assert "largest component holds 3 of them (50 %)" in text
    assert "Directions count in in- and out-degrees" in text
    assert "A power law of the degrees: too few points" in text


def test_a_run_is_a_neural_network_at_its_last_step(synthetic_run):
    frame = analyze(synthetic_run, ["degrees", "power_law_test", "growth"], steps="all")
    text = in_words(frame)
    nodes = synthetic_run.snapshots[-1].topology.n_nodes
    assert text.startswith(f"A medium-sized neural network of {nodes} neurons")
    assert "Growth: " in text


def test_several_networks_by_name():
    frame = analyze([nx.path_graph(3), nx.complete_graph(4)], "degrees")
    first, second = (in_words(frame, run) for run in dict.fromkeys(frame["run"]))
    assert "3 nodes" in first
    assert "4 nodes" in second
    assert in_words(frame.iloc[:0]) == ""


def test_weights_below_zero_are_told():
    import networkx as nx

    from netsci_dst.analysis import analyze, in_words

    told = "Some weights are below 0"
    for weights, expected in (((-1.0, 2.0), True), ((1.0, 2.0), False), ((1.0, 1.0), False)):
        graph = nx.Graph([(i, i + 1, {"weight": w}) for i, w in enumerate(weights)])
        assert (told in in_words(analyze(graph, ["degrees"]))) == expected
