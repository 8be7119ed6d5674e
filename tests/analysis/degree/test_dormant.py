"""Dormant neurons by links and by activation, and their history."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from netsci_dst.analysis.degree.dormant import (
    activation_scores,
    dormancy_history,
    dormant,
    dormant_neurons,
    never_wake,
)
from netsci_dst.analysis.measure import Array, Value
from netsci_dst.errors import NetsciError
from netsci_dst.snapshots import Snapshot
from netsci_dst.topology import Topology


def values_of(rows):
    return {(r.scope, r.quantity): r.value for r in rows if isinstance(r, Value)}


def test_by_degree():
    graph = nx.karate_club_graph()
    expected = [d <= 3 for _, d in graph.degree()]
    np.testing.assert_array_equal(dormant_neurons(graph, 3), expected)
    assert not dormant_neurons(graph, 0).any()
    with pytest.raises(NetsciError, match="threshold"):
        dormant_neurons(graph, -1)


@settings(max_examples=50, deadline=None)
@given(hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1e3)))
def test_scores_average_to_one(activity):
    scores = activation_scores(activity)
    if activity.any():
        assert scores.mean() == pytest.approx(1)
    else:
        assert not scores.any()


@pytest.mark.parametrize("bad", [[], [-1.0], [np.nan, 1.0]])
def test_scores_refuse_nonsense(bad):
    with pytest.raises(NetsciError):
        activation_scores(bad)


@settings(max_examples=80, deadline=None)
@given(hnp.arrays(bool, st.tuples(st.integers(1, 6), st.integers(1, 8))))
def test_history_is_what_each_neuron_lived_through(asleep):
    history = dormancy_history(asleep)
    for i in range(asleep.shape[1]):
        life = asleep[:, i].tolist()
        assert history.ever[i] == (True in life)
        assert history.always[i] == (False not in life)
        woke = any(life[a] and not life[b] for a in range(len(life)) for b in range(a, len(life)))
        assert history.woke[i] == woke
        assert history.never_woke[i] == ((True in life) and not woke)
        last_awake = max((k for k, sleeping in enumerate(life) if not sleeping), default=-1)
        assert history.since[i] == (last_awake + 1 if life[-1] else -1)


def test_measure_by_population():
    first = np.array([[1, 1, 0], [1, 0, 0]])
    second = np.array([[1, 1], [1, 0], [0, 0]])
    topology = Topology.chain([first, second])
    activity = {"hidden1": {"mean_abs": np.array([0.0, 3.0, 3.0], np.float32)}}
    rows = list(dormant(Snapshot(topology, activity=activity), degree=(1,), activation=(0.0, 1.5)))
    values = values_of(rows)
    # Degrees: inputs 2, 1; hidden 4, 2, 0; outputs 2, 1.
    assert values["network", "degree_1"] == 3
    assert values["hidden", "degree_1"] == 1
    assert values["hidden1", "degree_1_share"] == pytest.approx(1 / 3)
    assert values["input", "degree_1"] == 1
    assert values["hidden", "activation_0"] == 1
    assert values["hidden1", "activation_1.5"] == 3
    assert ("input", "activation_0") not in values
    scores = next(r.values for r in rows if isinstance(r, Array))
    np.testing.assert_allclose(scores, [np.nan, np.nan, 0.0, 1.5, 1.5, np.nan, np.nan])


def test_without_activations_only_links_count():
    rows = list(dormant(Snapshot(Topology.chain([np.eye(4)]))))
    assert {q for _, q in values_of(rows)} == {
        "degree_10", "degree_10_share", "degree_110", "degree_110_share"
    }  # fmt: skip


def test_never_wake_over_a_run(synthetic_run):
    values = values_of(never_wake(synthetic_run, degree=(4,), activation=(0.1,)))
    asleep = np.array([s.topology.degrees <= 4 for s in synthetic_run.snapshots])
    history = dormancy_history(asleep)
    for name in ("always", "ever", "woke", "never_woke"):
        assert values["network", f"{name}_degree_4"] == getattr(history, name).sum()
    assert 0 < values["network", "ever_activation_0.1"] < asleep.shape[1]
    topology = synthetic_run.snapshots[0].topology
    inner = np.isin(topology.node_population, [1, 2])
    assert values["hidden", "ever_degree_4"] == history.ever[inner].sum() > 0
