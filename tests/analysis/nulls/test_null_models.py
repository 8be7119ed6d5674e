import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst import registry
from netsci_dst.analysis import (
    bipartite_clustering,
    degree_preserving,
    null_model_test,
    random_links,
)
from netsci_dst.analysis.nulls.models import lattice
from netsci_dst.errors import NetsciError, UnknownName
from netsci_dst.topology import Topology

from ..conftest import random_chain


def rng(seed=0):
    return np.random.default_rng(seed)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), density=st.floats(0, 1), which=st.sampled_from([0, 1]))
def test_every_degree_of_every_layer_stays(seed, density, which):
    topology = random_chain((6, 9, 7), density, seed)
    null = (degree_preserving, lattice)[which](topology, rng(seed))
    for before, after in zip(topology.layers, null.layers):
        assert after.out_degrees.tolist() == before.out_degrees.tolist()
        assert after.in_degrees.tolist() == before.in_degrees.tolist()
    graph = nx.gnp_random_graph(15, density, seed=seed)
    network = Topology.network(graph)
    null = (degree_preserving, lattice)[which](network, rng(seed))
    assert null.degrees.tolist() == network.degrees.tolist()
    assert null.n_links == network.n_links


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 30), density=st.floats(0, 1))
def test_random_links_keep_each_layers_number(seed, n, density):
    topology = random_chain((6, 9, 7), density, seed)
    null = random_links(topology, rng(seed))
    assert [a.n_links for a in null.layers] == [b.n_links for b in topology.layers]
    network = Topology.network(nx.gnp_random_graph(n, density, seed=seed))
    null = random_links(network, rng(seed))
    assert null.n_links == network.n_links
    assert (null.layers[0].sources < null.layers[0].indices).all()


def test_random_links_reach_every_pair_equally():
    network = Topology.network(nx.path_graph(6))
    counts = np.zeros((6, 6))
    for seed in range(1500):
        layer = random_links(network, rng(seed)).layers[0]
        counts[layer.sources, layer.indices] += 1
    share = counts[np.triu_indices(6, 1)] / 1500
    # 5 of 15 pairs: 1/3, standard error 0.012.
    assert np.abs(share - 1 / 3).max() < 0.05


def test_rewiring_is_uniform_over_graphs_with_these_degrees():
    # 3 x 3 with all degrees 1: the six permutations.
    topology = Topology.chain([np.eye(3, dtype=bool)])
    seen = {}
    for seed in range(1200):
        key = tuple(degree_preserving(topology, rng(seed)).layers[0].indices.tolist())
        seen[key] = seen.get(key, 0) + 1
    assert len(seen) == 6
    assert max(abs(count / 1200 - 1 / 6) for count in seen.values()) < 0.05
    # Graphs on four nodes of degree 1: the three perfect matchings.
    network = Topology.network(nx.Graph([(0, 1), (2, 3)]))
    found = {}
    for seed in range(600):
        layer = degree_preserving(network, rng(seed)).layers[0]
        key = tuple(zip(layer.sources.tolist(), layer.indices.tolist()))
        found[key] = found.get(key, 0) + 1
    assert len(found) == 3
    assert max(abs(count / 600 - 1 / 3) for count in found.values()) < 0.08


def test_rewiring_forgets_and_repeats():
    topology = random_chain((60, 70, 60), 0.08, 1)
    a, b = degree_preserving(topology, rng(1)), degree_preserving(topology, rng(1))
    for old, one, two in zip(topology.layers, a.layers, b.layers):
        assert (one.keys == two.keys).all()
        assert np.intersect1d(old.keys, one.keys).size / old.n_links < 0.3


def test_a_lattice_has_more_cycles():
    topology = random_chain((60, 70, 60), 0.08, 1)
    random = bipartite_clustering(degree_preserving(topology, rng(1))).value
    assert bipartite_clustering(lattice(topology, rng(1))).value > 3 * random
    network = Topology.network(nx.gnp_random_graph(100, 0.06, seed=1))
    from netsci_dst.analysis import clustering

    assert clustering(lattice(network, rng(1))).value > 3 * clustering(network).value


def test_what_cannot_be_rewired_stays():
    full = Topology.chain([np.ones((3, 4), dtype=bool)])
    assert degree_preserving(full, rng()).n_links == 12
    star = Topology.network(nx.star_graph(5))
    assert (degree_preserving(star, rng()).to_scipy() != star.to_scipy()).nnz == 0
    assert degree_preserving(Topology.chain([np.zeros((3, 4))]), rng()).n_links == 0


def test_null_models_are_named_and_open():
    assert {"degree_preserving", "random_links", "lattice"} <= set(registry.names("null model"))
    graph = nx.karate_club_graph()
    own = null_model_test(graph, lambda g: g.nnz / 2, n=3, null=lambda t, r: t)
    assert own.observed == own.mean == 78
    with pytest.raises(UnknownName, match="degree_preserving"):
        null_model_test(graph, lambda g: 0.0, null="degree_preserve")
    with pytest.raises(NetsciError, match="at least two"):
        null_model_test(graph, lambda g: 0.0, n=1)


def test_nulls_of_two_kinds_of_nodes_keep_the_two_sides():
    graph = nx.davis_southern_women_graph()
    topology = Topology.network(graph)
    women = np.array([graph.nodes[name]["bipartite"] for name in graph])
    rng = np.random.default_rng(0)
    links = set()
    for _ in range(20):
        null = degree_preserving(topology, rng)
        assert (null.degrees == topology.degrees).all()
        u, v = null.links()
        assert (women[u] != women[v]).all()
        links |= set(zip(u.tolist(), v.tolist()))
    assert len(links) > 1.5 * topology.n_links  # they differ
    # A tree has no odd cycle either, but no two kinds of nodes: its nulls may have some.
    tree = Topology.network(nx.barabasi_albert_graph(60, 1, seed=1))
    odd = [not nx.is_bipartite(degree_preserving(tree, rng).to_networkx()) for _ in range(20)]
    assert any(odd)
