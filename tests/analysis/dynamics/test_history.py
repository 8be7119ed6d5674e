import networkx as nx
import numpy as np
import pytest

from netsci_dst.analysis import history_of_events, history_of_networks, link_history
from netsci_dst.analysis.dynamics.placement import chance_of_gains, chance_of_losses
from netsci_dst.errors import NetsciError

from ..conftest import make_run, random_chain, rewired


def pairs(history, keys):
    return sorted(zip(*(ends.tolist() for ends in history.ends(keys))))


def test_networks_are_joined_by_the_names_of_their_nodes():
    first = nx.Graph([("a", "b"), ("b", "c")])
    second = nx.Graph([("c", "b"), ("d", "a")])
    history = history_of_networks([first, second], times=[3, 5])
    assert history.n == 4
    assert pairs(history, history.gained(0)) == [(0, 3)]
    assert pairs(history, history.lost(0)) == [(0, 1)]
    assert history.arrived.tolist() == [0, 0, 0, 1]
    assert history.degrees(0).tolist() == [1, 2, 1, 0]
    assert history.times.tolist() == [3, 5]


def test_events_come_and_go():
    history = history_of_events(
        ["a", "b", "c", "b"], ["b", "c", "a", "a"], [0, 1, 2, 3], [np.nan, 2.5, np.nan, np.nan]
    )
    assert history.times.tolist() == [0, 1, 2, 3]
    sets = [pairs(history, keys) for keys in history.states]
    assert sets == [[(0, 1)], [(0, 1), (1, 2)], [(0, 1), (0, 2), (1, 2)], [(0, 1), (0, 2)]]
    assert history.arrived.tolist() == [0, 0, 1]
    few = history_of_events(range(100), range(1, 101), range(100), states=5)
    assert [len(state) for state in few.states] == [1, 25, 50, 75, 100]


def test_a_run_has_its_snapshots_as_states(synthetic_run):
    history = link_history(synthetic_run)
    assert history.unit == "epochs"
    assert len(history.states) == len(synthetic_run.snapshots)
    for keys, snapshot in zip(history.states, synthetic_run.snapshots):
        u, v = snapshot.topology.links()
        assert pairs(history, keys) == sorted(zip(u.tolist(), v.tolist()))
    assert len(link_history(synthetic_run, most=2).states) == 2


def test_wrong_requests(tmp_path):
    with pytest.raises(NetsciError, match="at least two networks"):
        link_history([nx.path_graph(3)])
    with pytest.raises(NetsciError, match="at least two snapshots"):
        link_history(make_run(tmp_path / "one", snapshots=1))
    with pytest.raises(NetsciError, match="increase"):
        history_of_networks([nx.path_graph(3)] * 2, times=[1, 1])
    with pytest.raises(NetsciError, match="not the same"):
        link_history([random_chain((4, 5), 0.5), random_chain((4, 6), 0.5)])
    with pytest.raises(NetsciError, match="finite time"):
        history_of_events([1, 2], [2, 3], [0, np.nan])


def test_chance_places_as_many_links_where_links_can_be():
    rng = np.random.default_rng(0)
    before = random_chain((12, 14, 10), 0.2, 1)
    history = link_history([before, rewired(before, rng, 0.4)])
    gained, lost = history.gained(0), history.lost(0)
    by_block = [links.size for _, links in history.within(gained)]
    assert sum(by_block) == gained.size > 0
    counts = np.zeros(history.n)
    for _ in range(300):
        drawn = chance_of_gains(history, 0, gained, rng)
        assert np.unique(drawn).size == gained.size
        assert not np.isin(drawn, history.states[0]).any()
        assert [links.size for _, links in history.within(drawn)] == by_block
        counts += history.count(drawn)
        gone = chance_of_losses(history, 0, lost, rng)
        assert np.isin(gone, history.states[0]).all()
        assert np.unique(gone).size == lost.size
    # Uniform among absent links: each node is drawn as often as it has absent links.
    absent = np.zeros(history.n)
    for layer, size in zip(before.layers, by_block):
        empty = ~layer.to_scipy().toarray()
        share = size / empty.sum()
        absent[before.nodes(layer.source)] += share * empty.sum(axis=1)
        absent[before.nodes(layer.target)] += share * empty.sum(axis=0)
    np.testing.assert_allclose(counts / 300, absent, atol=5 * np.sqrt(absent.max() / 300))


def test_chance_keeps_new_nodes_with_their_links():
    first, second = nx.path_graph(10), nx.path_graph(10)
    second.add_edges_from([(10, 0), (11, 3), (11, 4)])
    history = link_history([first, second])
    drawn = chance_of_gains(history, 0, history.gained(0), np.random.default_rng(1))
    u, v = history.ends(drawn)
    assert sorted(v.tolist()) == [10, 11, 11]
    assert (u < 10).all()
