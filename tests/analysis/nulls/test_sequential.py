import networkx as nx
import numpy as np
import pytest
from scipy.stats import kstest

from netsci_dst.analysis import (
    analyze,
    bipartite_clustering,
    degree_preserving,
    modularity,
    null_model_test,
)
from netsci_dst.analysis.nulls.sequential import answers, limit_of_nulls, summarise
from netsci_dst.topology import Topology


def test_scores_against_a_null_model():
    caves = nx.connected_caveman_graph(8, 6)
    test = null_model_test(caves, lambda g: modularity(g, n=1).value, n=30, seed=1)
    assert test.z > 8
    assert test.p_value == pytest.approx(1 / 31)
    assert test.at_limit
    assert test.p_text == "≤ 0.03 (30 nulls)"
    assert test.mean == pytest.approx(test.values.mean())
    assert test.std == pytest.approx(test.values.std(ddof=1))
    assert test.z == pytest.approx((test.observed - test.mean) / test.std)
    # A function of the degrees alone does not vary.
    fixed = null_model_test(caves, lambda g: float(g.sum()), n=5)
    assert np.isnan(fixed.z)
    assert fixed.p_value == 1
    # The first null graphs are the same whatever n is.
    few = null_model_test(caves, lambda g: modularity(g, n=1).value, n=4, seed=1)
    assert few.values.tolist() == test.values[:4].tolist()


def test_nulls_go_on_until_twenty_are_as_extreme_or_the_limit():
    caves = nx.connected_caveman_graph(6, 5)
    found = null_model_test(caves, lambda g: modularity(g, n=1).value)
    assert found.values.size == limit_of_nulls(caves.number_of_edges()) == 200
    assert found.p_text == "≤ 0.005 (200 nulls)"
    # What is like its nulls is known after some forty.
    rewired = degree_preserving(Topology.network(caves), np.random.default_rng(5))
    usual = null_model_test(rewired, lambda t: modularity(t, n=1).value, seed=2)
    assert 20 <= usual.values.size < 200
    middle = np.append(usual.values, usual.observed).mean()
    extreme = np.abs(usual.values - middle) >= abs(usual.observed - middle)
    assert extreme.sum() == 20
    assert usual.p_value == 21 / (usual.values.size + 1)
    assert not usual.at_limit
    fixed = null_model_test(rewired, lambda t: modularity(t, n=1).value, 60, 2, extremes=None)
    assert fixed.values.size == 60


def test_questions_stop_one_by_one():
    topology = Topology.network(nx.connected_caveman_graph(6, 5))
    asked = {"constant": lambda t: 1.0, "modularity": lambda t: modularity(t, n=1).value}
    found = answers(topology, asked, n=50)
    assert found["constant"].values.size == 20
    assert found["constant"].p_value == 1
    assert found["modularity"].values.size == 50


def test_null_values_without_a_value_are_left_out():
    found = summarise(2.0, np.array([1.0, np.nan, 1.5, 1.2]))
    assert found.mean == pytest.approx(np.mean([1, 1.5, 1.2]))
    assert found.p_value == 1 / 4
    assert np.isnan(summarise(np.nan, np.array([1.0, 2.0])).p_value)


def test_p_values_under_the_null_are_uniform():
    base = Topology.network(nx.gnp_random_graph(30, 0.15, seed=0))

    def assortative(matrix):
        degrees = np.diff(matrix.indptr)
        return float((degrees.repeat(degrees) * degrees[matrix.indices]).sum())

    def p_of(seed):
        null = degree_preserving(base, np.random.default_rng(seed)).to_scipy()
        return null_model_test(null, assortative, n=60, seed=1000 + seed).p_value

    assert kstest([p_of(seed) for seed in range(60)], "uniform").pvalue > 0.01


def test_the_measure_says_how_many_nulls_there_were(synthetic_run):
    options = {"null_model": {"n": 6}}
    frame = analyze(synthetic_run, "null_model", steps=[30], options=options)
    quantities = set(frame["quantity"])
    assert {"modularity_z", "paths_null_mean", "hub_share_every_p"} <= quantities
    topology = synthetic_run.snapshots[-1].topology
    test = null_model_test(topology, lambda t: bipartite_clustering(t).value, n=6)
    by = frame.set_index("quantity")
    assert by["value"]["clustering_four_cycles_z"] == pytest.approx(test.z)
    assert by["value"]["clustering_four_cycles_nulls"] == 6
    assert by["text"]["clustering_four_cycles_p"] == test.p_text
    general = analyze(nx.karate_club_graph(), "null_model", options=options)
    assert "clustering_z" in set(general["quantity"])
