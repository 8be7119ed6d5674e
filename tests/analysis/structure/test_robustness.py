import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.analysis import analyze, k_shells, removal_order, robustness
from netsci_dst.analysis.paths.credit_paths import count_paths
from netsci_dst.errors import NetsciError, UnknownName

from ..conftest import random_chain


def components_by_removal(graph, order):
    left = nx.Graph(graph)
    sizes = [max(map(len, nx.connected_components(left)), default=0)]
    for node in order:
        left.remove_node(node)
        sizes.append(max(map(len, nx.connected_components(left)), default=0))
    return sizes


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 25), p=st.floats(0, 0.4))
def test_components_by_taking_nodes_away(seed, n, p):
    graph = nx.gnp_random_graph(n, p, seed=seed)
    fractions = np.arange(n + 1) / n
    found = robustness(graph, "random", seed, repeats=1, fractions=fractions)
    child = int(np.random.SeedSequence(seed).generate_state(1)[0])
    truth = components_by_removal(graph, removal_order(graph, "random", child).tolist())
    np.testing.assert_allclose(found.largest_component, np.array(truth) / n)
    assert found.index == pytest.approx(sum(truth[1:]) / n**2)


def test_orders():
    graph = nx.barabasi_albert_graph(60, 3, seed=1)
    degrees = np.array([d for _, d in graph.degree])
    assert (np.diff(degrees[removal_order(graph, "degree")]) <= 0).all()
    deep = k_shells(graph).coreness[removal_order(graph, "coreness")]
    assert (np.diff(deep) <= 0).all()
    for order in ("degree", "coreness", "random"):
        nodes = removal_order(graph, order, 3)
        assert sorted(nodes.tolist()) == list(range(60))
        assert (nodes == removal_order(graph, order, 3)).all()
    assert (removal_order(graph, "random", 1) != removal_order(graph, "random", 2)).any()
    ring = nx.cycle_graph(12)  # all ties: the seed decides
    assert (removal_order(ring, "degree", 1) != removal_order(ring, "degree", 2)).any()


def test_closed_forms():
    complete = robustness(nx.complete_graph(20), "random", repeats=1)
    np.testing.assert_allclose(complete.largest_component, 1 - complete.fractions)
    # Without its centre a star falls into single nodes.
    star = robustness(nx.star_graph(19), "degree", repeats=2, fractions=[0, 0.05, 0.5, 1])
    np.testing.assert_allclose(star.largest_component, [1, 1 / 20, 1 / 20, 0])
    assert star.paths is None


def test_paths_left_in_a_layered_network():
    topology = random_chain((8, 10, 9, 6), 0.4, 1)
    found = robustness(topology, "degree", 0, repeats=1)
    child = int(np.random.SeedSequence(0).generate_state(1)[0])
    order = removal_order(topology, "degree", child)
    removed = np.round(found.fractions * topology.n_nodes).astype(int)
    truth = [count_paths(topology, order[:k]) / count_paths(topology) for k in removed]
    np.testing.assert_allclose(found.paths, truth)
    assert found.paths[0] == 1
    assert found.paths[-1] == 0


def test_hubs_hurt_more_than_chance():
    graph = nx.barabasi_albert_graph(400, 2, seed=1)
    assert robustness(graph, "degree").index < 0.7 * robustness(graph, "random").index


def test_wrong_requests():
    with pytest.raises(UnknownName, match="'degree'"):
        robustness(nx.path_graph(3), "degrees")
    with pytest.raises(NetsciError, match="between 0 and 1"):
        robustness(nx.path_graph(3), fractions=[0, 2])
    with pytest.raises(NetsciError, match="at least one repeat"):
        robustness(nx.path_graph(3), repeats=0)


def test_measure(synthetic_run):
    frame = analyze(synthetic_run, "robustness", steps=[0]).set_index("quantity")["value"]
    topology = synthetic_run.snapshots[0].topology
    truth = robustness(topology, "coreness", 0, repeats=3)
    assert frame["robustness_index_coreness"] == pytest.approx(truth.index)
    half = frame["half_of_paths_lost_degree"]
    assert robustness(topology, "degree", 0, 3, [half]).paths[0] <= 0.5
    assert robustness(topology, "degree", 0, 3, [half - 0.05]).paths[0] > 0.5
