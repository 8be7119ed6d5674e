"""k-shells against networkx and closed forms."""

import networkx as nx
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.analysis.measure import Array, Value
from netsci_dst.analysis.structure.k_shell import k_shell, k_shells
from netsci_dst.snapshots import Snapshot
from netsci_dst.topology import Topology


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 60), st.floats(0, 0.5), st.integers(0, 10_000))
def test_coreness_is_that_of_networkx(n, p, seed):
    graph = nx.gnp_random_graph(n, p, seed=seed)
    expected = np.array(list(nx.core_number(graph).values()))
    shells = k_shells(graph)
    np.testing.assert_array_equal(shells.coreness, expected)
    parts = np.concatenate([shells.core, shells.crust, shells.isolated])
    np.testing.assert_array_equal(np.sort(parts), np.arange(n))
    assert shells.sizes.sum() == n


@pytest.mark.parametrize(
    ("graph", "k_max"),
    [
        (nx.complete_graph(7), 6),
        (nx.star_graph(9), 1),
        (nx.cycle_graph(12), 2),
        (nx.grid_2d_graph(5, 6), 2),
        (nx.complete_bipartite_graph(3, 8), 3),
        (nx.random_regular_graph(4, 20, seed=1), 4),
        (nx.empty_graph(5), 0),
    ],
)
def test_closed_forms(graph, k_max):
    shells = k_shells(graph)
    assert shells.k_max == k_max
    assert (shells.coreness == k_max).all()
    assert shells.crust.size == 0
    assert shells.core.size == (graph.number_of_nodes() if k_max else 0)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 40), st.integers(0, 1000))
def test_relabelling_and_isolated_nodes_change_nothing(n, seed):
    rng = np.random.default_rng(seed)
    matrix = scipy.sparse.csr_array(np.triu(rng.random((n, n)) < 0.2, 1))
    matrix = matrix + matrix.T
    order = rng.permutation(n)
    before = k_shells(matrix).coreness
    np.testing.assert_array_equal(k_shells(matrix[order][:, order]).coreness, before[order])
    larger = scipy.sparse.block_diag([matrix, np.zeros((3, 3), bool)], format="csr")
    np.testing.assert_array_equal(k_shells(larger).coreness, [*before, 0, 0, 0])


def test_measure_divides_the_neurons(synthetic_run):
    snapshot = synthetic_run.snapshots[-1]
    rows = list(k_shell(snapshot))
    values = {(r.scope, r.quantity): r.value for r in rows if isinstance(r, Value)}
    arrays = {r.name: r.values for r in rows if isinstance(r, Array)}
    n = snapshot.topology.n_nodes
    assert (
        values["network", "core"] + values["network", "crust"] + values["network", "isolated"] == n
    )
    graph = nx.Graph(snapshot.topology.to_networkx())
    np.testing.assert_array_equal(arrays["coreness"], list(nx.core_number(graph).values()))
    layer = snapshot.topology.layers[1]
    part = nx.Graph(snapshot.topology.part([layer.name]).to_networkx())
    assert values[layer.name, "k_max"] == max(nx.core_number(part).values())
    populations = [p.name for p in snapshot.topology.graph_populations]
    assert sum(values[name, "core"] for name in populations) == values["network", "core"]
    assert sum(arrays[f"sizes/{name}"].sum() for name in populations) == n
    # Hidden neurons have their coreness in the whole network.
    inner = [arrays["coreness"][snapshot.topology.nodes(n)] for n in ("hidden1", "hidden2")]
    inner = np.concatenate(inner)
    assert values["hidden", "k_max"] == inner.max()
    assert values["hidden", "core"] == (inner == values["network", "k_max"]).sum()
    assert values["hidden", "mean_coreness"] == pytest.approx(inner.mean())
    assert arrays["sizes/hidden"].sum() == inner.size
    assert len(values) == sum(isinstance(r, Value) for r in rows)


def test_measure_of_a_general_network_has_one_scope():
    rows = list(k_shell(Snapshot(Topology.network(nx.karate_club_graph()))))
    assert {r.scope for r in rows if isinstance(r, Value)} == {"network"}
