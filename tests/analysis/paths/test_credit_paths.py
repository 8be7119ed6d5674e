import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.analysis import analyze, credit_assigned_paths
from netsci_dst.analysis.paths.credit_paths import _middle, count_paths
from netsci_dst.errors import NetsciError, TopologyError
from netsci_dst.snapshots import Snapshot
from netsci_dst.topology import Dense, Layer, Population, Topology

from ..conftest import random_chain


def enumerate_paths(topology, starts, ends):
    """All paths as lists of nodes, one step after another."""
    steps = {}
    u, v = topology.links()
    for a, b in zip(u.tolist(), v.tolist()):
        steps.setdefault(a, []).append(b)
    for a, b in topology.skips:
        for i in range(topology.population(a).size):
            steps.setdefault(topology.offsets[a] + i, []).append(topology.offsets[b] + i)
    last = {n for name in ends for n in range(*topology.nodes(name).indices(topology.n_nodes))}
    paths = []
    stack = [[n] for s in starts for n in range(*topology.nodes(s).indices(topology.n_nodes))]
    while stack:
        path = stack.pop()
        if path[-1] in last:
            paths.append(path)
            continue
        stack.extend([*path, after] for after in steps.get(path[-1], []))
    return paths


def check(topology, starts, ends, hubs):
    paths = enumerate_paths(topology, starts, ends)
    found = credit_assigned_paths(topology, hubs)
    assert found.total == len(paths)
    through = np.zeros(topology.n_nodes, dtype=int)
    for path in paths:
        through[path] += 1
    assert found.through.tolist() == through.tolist()
    inside = [set(found.hubs) & set(range(topology.n_nodes)[topology.nodes(p)])
              for p in found.hub_populations]  # fmt: skip
    every = sum(all(set(path) & hubs for hubs in inside) for path in paths) if inside else 0
    some = sum(bool(set(path) & set(found.hubs)) for path in paths)
    assert found.through_every == every
    assert found.through_any == some
    return found


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), density=st.floats(0.05, 0.6), hubs=st.integers(1, 8))
def test_a_chain_by_enumeration(seed, density, hubs):
    topology = random_chain((5, 6, 7, 4), density, seed)
    found = check(topology, ["input"], ["output"], hubs)
    assert found.hub_populations == ("hidden1", "hidden2")
    degrees = topology.degrees
    middle = sorted(range(5, 18), key=lambda node: (-degrees[node], node))
    assert found.hubs.tolist() == middle[:hubs]
    matrices = [layer.to_scipy().toarray().astype(int) for layer in topology.layers]
    assert found.total == (matrices[0] @ matrices[1] @ matrices[2]).sum()


def branched(seed):
    rng = np.random.default_rng(seed)

    def layer(name, source, target, a, b):
        return Layer.from_matrix(name, source, target, rng.random((a, b)) < 0.5)

    populations = (
        Population("in", 4, "input"),
        Population("res0", 5, "residual"),
        Population("qk", 3),
        Population("v", 4),
        Population("res1", 5, "residual"),
        Population("ff", 6),
        Population("res2", 5, "residual"),
        Population("out", 2, "output"),
    )
    layers = (
        layer("embed", "in", "res0", 4, 5),
        layer("q", "res0", "qk", 5, 3),
        layer("k", "res0", "qk", 5, 3),
        layer("v", "res0", "v", 5, 4),
        layer("o", "v", "res1", 4, 5),
        layer("up", "res1", "ff", 5, 6),
        layer("down", "ff", "res2", 6, 5),
    )
    return Topology(
        populations,
        layers,
        (Dense("head", "res2", "out"),),
        (("res0", "res1"), ("res1", "res2")),
    )


@pytest.mark.parametrize("seed", range(5))
def test_branches_skips_and_a_dense_head_by_enumeration(seed):
    topology = branched(seed)
    # q and k lead nowhere further; paths end where the dense head begins.
    rng = np.random.default_rng(seed)
    for hubs in (4, rng.choice(topology.n_nodes, 6, replace=False)):
        check(topology, ["in"], ["res2"], hubs)


def test_shared_hubs_in_closed_form():
    # Full layers: every path takes one neuron of each population.
    topology = Topology.chain([np.ones((3, 4)), np.ones((4, 5)), np.ones((5, 2))])
    found = credit_assigned_paths(topology, hubs=[3, 4, 7])
    assert found.total == 3 * 4 * 5 * 2
    assert found.share_every == pytest.approx(2 / 4 * 1 / 5)
    assert found.share_any == pytest.approx(1 - 2 / 4 * 4 / 5)


def test_numbers_stay_exact_beyond_any_float():
    full = np.ones((40, 40), dtype=bool)
    topology = Topology.chain([full] * 60)
    found = credit_assigned_paths(topology)
    assert found.total == 40**61
    assert found.through[0] == 40**60
    assert isinstance(found.total, int)
    assert found.hubs.size == 80
    assert found.share_every == 1.0
    frame = analyze(topology, "credit_paths")
    text = frame.set_index("quantity").loc["paths", "text"]
    assert int(text) == 40**61


def test_the_two_middle_populations():
    def middle(count):
        topology = Topology.chain([np.ones((2, 2))] * (count + 1))
        return [p.name for p in _middle(topology)]

    assert middle(0) == []
    assert middle(1) == ["hidden1"]
    assert middle(2) == ["hidden1", "hidden2"]
    assert middle(3) == ["hidden1", "hidden2"]
    assert middle(4) == ["hidden2", "hidden3"]


def test_the_dense_output_of_an_mlp_is_left_out():
    chain = random_chain((6, 8, 8, 8), 0.4)
    populations = (
        *(Population(p.name, p.size, "input" if i == 0 else "hidden")
          for i, p in enumerate(chain.populations)),
        Population("logits", 3, "output"),
    )  # fmt: skip
    whole = Topology(populations, chain.layers, (Dense("fc", "output", "logits"),))
    assert credit_assigned_paths(whole).total == credit_assigned_paths(chain).total


def test_without_paths_or_hubs():
    nothing = Topology.chain([np.zeros((3, 4)), np.ones((4, 2))])
    found = credit_assigned_paths(nothing)
    assert found.total == 0
    assert np.isnan(found.share_every)
    single = credit_assigned_paths(Topology.chain([np.ones((3, 4))]))
    assert single.total == 12
    assert single.hubs.size == 0
    assert np.isnan(single.share_any)
    assert credit_assigned_paths(Snapshot(nothing)).total == 0


def test_closed_nodes():
    topology = random_chain((5, 6, 7, 4), 0.5, 3)
    paths = enumerate_paths(topology, ["input"], ["output"])
    for closed in itertools.combinations(range(5, 18, 3), 2):
        left = sum(not set(path) & set(closed) for path in paths)
        assert count_paths(topology, closed) == left


def test_wrong_requests():
    with pytest.raises(TopologyError, match="with layers"):
        credit_assigned_paths(Topology.network(nx.path_graph(3)))
    with pytest.raises(TopologyError, match="with layers"):
        credit_assigned_paths(nx.path_graph(3))
    topology = random_chain((3, 4, 5), 0.5)
    with pytest.raises(NetsciError, match="at least 1"):
        credit_assigned_paths(topology, hubs=0)
    with pytest.raises(NetsciError, match="0 to 11"):
        credit_assigned_paths(topology, hubs=[12])
