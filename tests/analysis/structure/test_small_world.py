import networkx as nx
import numpy as np
import pytest
from networkx.algorithms import bipartite

from netsci_dst.analysis import (
    analyze,
    bipartite_clustering,
    clustering,
    path_lengths,
    small_worldness,
)
from netsci_dst.analysis.nulls.models import degree_preserving, lattice
from netsci_dst.errors import NetsciError
from netsci_dst.topology import Topology

from ..conftest import random_chain


def test_the_formulas():
    topology = random_chain((30, 40, 30), 0.15, 1)
    found = small_worldness(topology, n=2, seed=3)
    rngs = [np.random.default_rng(s) for s in np.random.SeedSequence(3).spawn(4)]
    randoms = [degree_preserving(topology, rng) for rng in rngs[:2]]
    lattices = [lattice(topology, rng) for rng in rngs[2:]]
    c, length = bipartite_clustering(topology).value, path_lengths(topology).characteristic
    c_r = np.mean([bipartite_clustering(t).value for t in randoms])
    c_l = np.mean([bipartite_clustering(t).value for t in lattices])
    l_r = np.mean([path_lengths(t).characteristic for t in randoms])
    assert found.sigma == pytest.approx((c / c_r) / (length / l_r))
    assert found.omega == pytest.approx(l_r / length - c / c_l)


def test_a_lattice_a_small_world_and_a_random_graph_in_order():
    omegas, sigmas = [], []
    for p in (0.0, 0.08, 1.0):
        found = small_worldness(nx.connected_watts_strogatz_graph(200, 8, p, seed=1), n=4)
        omegas.append(found.omega)
        sigmas.append(found.sigma)
    assert omegas[0] < -0.5 < omegas[1] < 0.5 < omegas[2]
    assert sigmas[1] > 3
    assert sigmas[2] == pytest.approx(1, abs=0.3)
    graph = nx.connected_watts_strogatz_graph(200, 8, 0.08, seed=1)
    assert small_worldness(graph, n=1).clustering == clustering(graph).value


def test_bipartite_graphs_use_four_cycles():
    graph = bipartite.random_graph(30, 40, 0.2, seed=1)
    found = small_worldness(graph, n=2)
    assert found.clustering == pytest.approx(bipartite.robins_alexander_clustering(graph))
    main = graph.subgraph(max(nx.connected_components(graph), key=len))
    assert found.path_length == pytest.approx(nx.average_shortest_path_length(main))
    random = small_worldness(random_chain((60, 60, 60), 0.1, 2), n=5)
    assert random.sigma == pytest.approx(1, abs=0.1)
    assert random.omega > 0.4


def test_without_cycles_there_is_no_answer():
    found = small_worldness(nx.star_graph(6), n=1)
    assert np.isnan(found.sigma)
    with pytest.raises(NetsciError, match="number of null graphs"):
        small_worldness(Topology.network(nx.path_graph(4)), n=0)


def test_parts_are_compared_with_their_place_in_the_null_graphs_of_the_whole():
    topology = random_chain((20, 25, 22, 18), 0.2, 5)
    frame = analyze(topology, "small_world", options={"small_world": {"n": 2, "seed": 3}})
    parts = {"network": topology, "hidden-subgraph": topology.hidden}
    parts |= {layer.name: topology.part([layer.name]) for layer in topology.layers}
    assert set(frame["scope"]) == set(parts)
    rngs = [np.random.default_rng(s) for s in np.random.SeedSequence(3).spawn(4)]
    randoms = [degree_preserving(topology, rng) for rng in rngs[:2]]
    lattices = [lattice(topology, rng) for rng in rngs[2:]]
    for scope, part in parts.items():
        names = [layer.name for layer in part.layers]
        c, length = bipartite_clustering(part).value, path_lengths(part).characteristic
        c_r = np.mean([bipartite_clustering(t.part(names)).value for t in randoms])
        c_l = np.mean([bipartite_clustering(t.part(names)).value for t in lattices])
        l_r = np.mean([path_lengths(t.part(names)).characteristic for t in randoms])
        said = frame[frame["scope"] == scope].set_index("quantity")["value"]
        assert said["sigma"] == pytest.approx((c / c_r) / (length / l_r))
        assert said["omega"] == pytest.approx(l_r / length - c / c_l)
