"""Active neurons on networks where they can be counted by hand."""

import networkx as nx
import numpy as np
import pytest

from netsci_dst.analysis.degree.activity import active_neurons, active_neurons_measure
from netsci_dst.analysis.measure import Array, NotApplicable, Value
from netsci_dst.snapshots import Snapshot
from netsci_dst.topology import Dense, Layer, Population, Topology


def test_a_chain_whose_output_is_dense():
    populations = (
        Population("input", 3, "input"),
        Population("h1", 3),
        Population("h2", 2),
        Population("output", 10, "output"),
    )
    layers = (
        Layer.from_matrix("a", "input", "h1", np.array([[1, 1, 0], [0, 0, 0], [0, 0, 1]])),
        Layer.from_matrix("b", "h1", "h2", np.array([[1, 0], [0, 0], [1, 0]])),
    )
    found = active_neurons(Topology(populations, layers, (Dense("out", "h2", "output"),)))
    # The dense output does not count; h2 is active where links come in.
    assert found.by_population == {"input": (2, 3), "h1": (2, 3), "h2": (1, 2)}
    assert (found.active, found.total) == (5, 8)
    assert found.share == pytest.approx(5 / 8)


def test_a_population_with_two_outgoing_layers_counts_once():
    populations = (Population("x", 3, "residual"), Population("q", 2), Population("v", 2))
    layers = (
        Layer.from_matrix("q", "x", "q", np.array([[1, 0], [0, 0], [0, 0]])),
        Layer.from_matrix("v", "x", "v", np.array([[0, 0], [1, 1], [0, 0]])),
    )
    found = active_neurons(Topology(populations, layers))
    assert found.by_population == {"x": (2, 3), "q": (1, 2), "v": (2, 2)}


def test_a_general_network():
    graph = nx.Graph([(0, 1), (1, 2)])
    graph.add_nodes_from([3, 4])
    assert active_neurons(graph).share == pytest.approx(3 / 5)


def test_measure_agrees_with_the_function(synthetic_run):
    snapshot: Snapshot = synthetic_run.snapshots[-1]
    rows = list(active_neurons_measure(snapshot))
    values = {(r.scope, r.quantity): r.value for r in rows if isinstance(r, Value)}
    found = active_neurons(snapshot)
    assert values["network", "anp"] == found.share
    for name, (active, total) in found.by_population.items():
        assert (values[name, "active"], values[name, "neurons"]) == (active, total)
    inner = [
        found.by_population[p.name] for p in snapshot.topology.populations if p.role == "hidden"
    ]
    assert values["hidden", "active"] == sum(active for active, _ in inner)
    mask = next(r.values for r in rows if isinstance(r, Array))
    np.testing.assert_array_equal(mask, found.mask)


def test_a_general_network_has_no_neurons():
    snapshot = Snapshot(Topology.network(nx.karate_club_graph()), step=0, epoch=0.0)
    with pytest.raises(NotApplicable, match="nodes, no neurons"):
        list(active_neurons_measure(snapshot))
