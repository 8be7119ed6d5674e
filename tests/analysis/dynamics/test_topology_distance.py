import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.analysis import analyze, common_links, topology_distance
from netsci_dst.errors import TopologyError
from netsci_dst.topology import Layer, Population, Topology

from ..conftest import random_chain


def edit_distance(a, b):
    return len(a ^ b) / len(a | b) if a | b else 0.0


def best_by_trying_all(a, b):
    """Least mean edit distance of the columns of two matrices, over all ways to match them."""
    columns = [[set(np.flatnonzero(m[:, j])) for j in range(m.shape[1])] for m in (a, b)]
    return min(
        np.mean([edit_distance(columns[0][i], columns[1][j]) for i, j in enumerate(order)])
        for order in itertools.permutations(range(a.shape[1]))
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), density=st.floats(0, 0.8))
def test_one_layer_by_trying_all_matchings(seed, density):
    rng = np.random.default_rng(seed)
    a, b = rng.random((6, 5)) < density, rng.random((6, 5)) < density
    found = topology_distance(Topology.chain([a]), Topology.chain([b]))
    assert found.nnstd == pytest.approx(best_by_trying_all(a, b))
    assert 0 <= found.nnstd <= 1
    if a.sum() + b.sum():
        most = max((a & b[:, list(order)]).sum() for order in itertools.permutations(range(5)))
        assert found.common == pytest.approx(2 * most / (a.sum() + b.sum()))
        assert found.common_unmatched == pytest.approx(2 * (a & b).sum() / (a.sum() + b.sum()))


def shuffled(topology, rng):
    """The same topology with the hidden and output neurons in another order."""
    order = {p.name: rng.permutation(p.size) for p in topology.populations}
    order[topology.populations[0].name] = np.arange(topology.populations[0].size)
    layers = [
        Layer.from_matrix(
            layer.name,
            layer.source,
            layer.target,
            layer.to_scipy().toarray()[order[layer.source]][:, order[layer.target]],
        )
        for layer in topology.layers
    ]
    return topology.replace_layers(layers), order


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_neurons_does_not_matter(seed):
    topology = random_chain((30, 12, 11, 9), 0.4, seed)
    other, order = shuffled(topology, np.random.default_rng(seed))
    found = topology_distance(topology, other)
    columns = [layer.to_scipy().toarray() for layer in topology.layers]
    if all(len(np.unique(m, axis=1).T) == m.shape[1] for m in columns):
        assert found.nnstd == 0
        assert found.common == 1
        for name, chosen in found.matching.items():
            assert (order[name][chosen] == np.arange(chosen.size)).all()


def test_the_second_layer_sees_the_matching_of_the_first():
    # b is a with the two hidden neurons exchanged; unmatched, its second layer would differ.
    first = np.array([[1, 0], [1, 0], [0, 1]], dtype=bool)
    second = np.array([[1, 0], [0, 1]], dtype=bool)
    a = Topology.chain([first, second])
    b = Topology.chain([first[:, ::-1], second])
    found = topology_distance(a, b)
    # The output neurons, too, may be matched anew.
    assert found.nnstd_by_population == {"hidden1": 0.0, "output": 0.0}
    assert found.matching["output"].tolist() == [1, 0]
    assert found.common_unmatched == pytest.approx(2 * 2 / 10)


def test_same_and_disjoint():
    a = random_chain((10, 12, 8), 0.3, 1)
    assert topology_distance(a, a).nnstd == 0
    assert topology_distance(a, a).common_by_layer == {"layer1": 1.0, "layer2": 1.0}
    left, right = np.zeros((4, 3), bool), np.zeros((4, 3), bool)
    left[:2], right[2:] = True, True
    apart = topology_distance(Topology.chain([left]), Topology.chain([right]))
    assert apart.nnstd == 1
    assert apart.common == 0


def test_populations_with_several_layers_and_skips():
    rng = np.random.default_rng(0)
    populations = (
        Population("x", 6, "input"),
        Population("a", 6),
        Population("b", 6),
    )

    def build(order):
        return Topology(
            populations,
            (
                Layer.from_matrix("q", "x", "a", base[0][:, order]),
                Layer.from_matrix("k", "x", "a", base[1][:, order]),
                Layer.from_matrix("o", "a", "b", base[2][order]),
            ),
            skips=(("x", "b"),),
        )

    base = [rng.random((6, 6)) < 0.5 for _ in range(3)]
    order = rng.permutation(6)
    found = topology_distance(build(np.arange(6)), build(order))
    assert found.nnstd == 0
    assert found.matching["b"].tolist() == list(range(6))
    assert (order[found.matching["a"]] == np.arange(6)).all()


def test_what_cannot_be_compared():
    a = random_chain((4, 5, 6), 0.5)
    with pytest.raises(TopologyError, match="both need layers"):
        topology_distance(a, nx.path_graph(4))
    with pytest.raises(TopologyError, match=r"shape \(5, 7\)"):
        topology_distance(a, random_chain((4, 5, 7), 0.5))
    with pytest.raises(TopologyError, match="same layers"):
        common_links(a, a.part(["layer1"]))
    with pytest.raises(TopologyError, match="same layers"):
        common_links(a.part(["layer1"]), a)


def test_change_over_a_run(synthetic_run):
    frame = analyze(synthetic_run, "topology_change")
    network = frame[frame["scope"] == "network"].set_index(["quantity", "step"])["value"]
    shots = synthetic_run.snapshots
    for i, step in ((1, 10), (2, 20), (3, 30)):
        # Equal numbers of links: the share of a snapshot's links is the share of common links.
        first = common_links(shots[0], shots[i])
        assert network["common_with_first", step] == pytest.approx(first)
        before = common_links(shots[i - 1], shots[i])
        assert network["common_with_previous", step] == pytest.approx(before)
