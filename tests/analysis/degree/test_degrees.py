"""Degrees and Kendall's tau against dense sums and scipy."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.analysis.degree.degrees import (
    degree_correlation,
    degree_correlation_measure,
    degree_measure,
    degrees,
)
from netsci_dst.analysis.measure import Array, NotApplicable, Value
from netsci_dst.errors import NetsciError
from netsci_dst.run import Run
from netsci_dst.snapshots import Snapshot
from netsci_dst.topology import Topology


def values_of(rows):
    return {(r.scope, r.quantity, r.step): r.value for r in rows if isinstance(r, Value)}


def test_in_out_and_total_of_a_chain():
    rng = np.random.default_rng(0)
    first, second = rng.random((6, 5)) < 0.4, rng.random((5, 4)) < 0.4
    found = degrees(Topology.chain([first, second]))
    np.testing.assert_array_equal(found.out, [*first.sum(1), *second.sum(1), 0, 0, 0, 0])
    np.testing.assert_array_equal(found.into, [*[0] * 6, *first.sum(0), *second.sum(0)])
    np.testing.assert_array_equal(found.total, found.into + found.out)
    assert found.distribution.sum() == 15
    assert found.distribution @ np.arange(found.distribution.size) == 2 * found.out.sum()


def test_degrees_of_a_general_network_are_those_of_networkx():
    graph = nx.karate_club_graph()
    expected = [d for _, d in graph.degree()]
    for form in (graph, nx.to_scipy_sparse_array(graph), Topology.network(graph)):
        np.testing.assert_array_equal(degrees(form).total, expected)


def counted_tau(a, b):
    """Kendall's τ-b pair by pair (Kendall 1945)."""
    i, j = np.triu_indices(a.size, 1)
    x, y = np.sign(a[i] - a[j]), np.sign(b[i] - b[j])
    scale = float((x != 0).sum()) * float((y != 0).sum())
    return float((x * y).sum() / np.sqrt(scale)) if scale else np.nan


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 40)), min_size=2, max_size=60),
)
def test_tau_b_counts_pairs(pairs):
    a, b = np.array(pairs).T
    expected = counted_tau(a, b)
    assert degree_correlation(a, b) == pytest.approx(expected, abs=1e-12, nan_ok=True)
    assert degree_correlation(b, a) == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_tau_of_the_same_and_the_reverse_order():
    assert degree_correlation([1, 2, 3, 9], [2, 4, 6, 7]) == 1
    assert degree_correlation([1, 2, 3, 9], [4, 3, 2, 0]) == -1
    with pytest.raises(NetsciError, match="cannot be compared"):
        degree_correlation([1, 2], [1, 2, 3])


def test_measure(synthetic_run):
    snapshot = synthetic_run.snapshots[0]
    rows = list(degree_measure(snapshot))
    values = values_of(rows)
    layer = snapshot.topology.layers[0]
    assert values[layer.name, "mean_out_degree", None] == pytest.approx(
        layer.n_links / layer.shape[0]
    )
    assert values[layer.name, "mean_in_degree", None] == pytest.approx(
        layer.n_links / layer.shape[1]
    )
    assert values[layer.name, "max_in_degree", None] == layer.in_degrees.max()
    whole = degrees(snapshot)
    assert values["network", "mean_degree", None] == pytest.approx(whole.total.mean())
    assert values["network", "links", None] == snapshot.topology.n_links
    arrays = {r.name: r.values for r in rows if isinstance(r, Array)}
    np.testing.assert_array_equal(arrays["total"], whole.total)
    np.testing.assert_array_equal(arrays["distribution/network"], whole.distribution)


def test_hidden_neurons_count_all_their_links(synthetic_run):
    topology = synthetic_run.snapshots[-1].topology
    values = values_of(degree_measure(synthetic_run.snapshots[-1]))
    first, middle, last = topology.layers
    into = np.concatenate([first.in_degrees, middle.in_degrees])
    out = np.concatenate([middle.out_degrees, last.out_degrees])
    assert values["hidden", "neurons", None] == into.size
    assert values["hidden", "mean_degree", None] == pytest.approx((into + out).mean())
    assert values["hidden", "max_degree", None] == (into + out).max()
    assert values["hidden", "mean_in_degree", None] == pytest.approx(into.mean())
    assert values["hidden", "isolated", None] == (into + out == 0).sum()
    # The graph that hidden neurons span by themselves is another scope.
    assert values["hidden-subgraph", "links", None] == middle.n_links
    assert ("hidden", "density", None) not in values


def test_correlation_over_a_run(synthetic_run):
    rows = list(degree_correlation_measure(synthetic_run))
    values = values_of(rows)
    series = [snapshot.topology.degrees for snapshot in synthetic_run.snapshots]
    steps = synthetic_run.snapshots.steps
    for i in range(1, len(steps)):
        expected = counted_tau(series[i - 1], series[i])
        assert values["network", "consecutive", steps[i]] == pytest.approx(expected)
        expected = counted_tau(series[0], series[i])
        assert values["network", "with_first", steps[i]] == pytest.approx(expected)
    arrays = {r.name: r.values for r in rows if isinstance(r, Array)}
    matrix = arrays["matrix/network"]
    np.testing.assert_allclose(matrix, matrix.T)
    assert matrix[1, 2] == pytest.approx(values["network", "consecutive", steps[2]])
    np.testing.assert_array_equal(arrays["steps"], steps)


def test_a_single_snapshot_has_nothing_to_compare(tmp_path):
    run = Run.create(tmp_path / "run", {})
    run.write_snapshot(Snapshot(Topology.chain([np.eye(3)])))
    with pytest.raises(NotApplicable):
        list(degree_correlation_measure(run))
