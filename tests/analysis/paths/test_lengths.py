import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.analysis import (
    characteristic_path_length,
    global_efficiency,
    path_lengths,
)
from netsci_dst.analysis.paths.distances import _one_by_one, _together, components, distances
from netsci_dst.graphs import as_adjacency

from ..conftest import random_chain

GRAPHS = {
    "karate": nx.karate_club_graph(),
    "pieces": nx.disjoint_union(nx.grid_2d_graph(5, 6), nx.cycle_graph(9)),
    "sparse": nx.gnp_random_graph(700, 0.003, seed=1),
    "long": nx.path_graph(320),
    "isolated": nx.disjoint_union(nx.complete_graph(4), nx.empty_graph(3)),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_as_networkx_has_it(name):
    graph = GRAPHS[name]
    found = path_lengths(graph)
    main = graph.subgraph(max(nx.connected_components(graph), key=len))
    assert found.characteristic == pytest.approx(nx.average_shortest_path_length(main))
    assert found.efficiency == pytest.approx(nx.global_efficiency(graph))
    assert found.efficiency_component == pytest.approx(nx.global_efficiency(main))
    assert found.diameter == nx.diameter(main)
    assert found.component_size == len(main)
    lengths = [d for _, row in nx.all_pairs_shortest_path_length(graph) for d in row.values()]
    pairs = np.bincount(lengths)
    assert found.pairs.tolist() == [0, *(pairs[1:] // 2).tolist()]
    assert found.characteristic_all == pytest.approx(np.mean([d for d in lengths if d]))


@pytest.mark.parametrize("n", [3, 10, 65])
def test_closed_forms(n):
    assert characteristic_path_length(nx.complete_graph(n)) == 1
    assert global_efficiency(nx.complete_graph(n)) == pytest.approx(1)
    # A star of n leaves: n pairs at distance 1, n(n-1)/2 at 2.
    assert characteristic_path_length(nx.star_graph(n)) == pytest.approx(2 * n / (n + 1))
    # A path of n nodes: (n+1)/3.
    assert characteristic_path_length(nx.path_graph(n)) == pytest.approx((n + 1) / 3)
    # A ring: n/4 · n/(n-1) for even n.
    even = 2 * n
    ring = even**2 / (4 * (even - 1))
    assert characteristic_path_length(nx.cycle_graph(even)) == pytest.approx(ring)
    # Complete bipartite n × n: n² pairs at 1, n(n-1) at 2.
    both = (n**2 + 2 * n * (n - 1)) / (n * (2 * n - 1))
    assert characteristic_path_length(nx.complete_bipartite_graph(n, n)) == pytest.approx(both)


def test_both_searches_agree():
    matrix = as_adjacency(nx.gnp_random_graph(1100, 0.004, seed=2))
    indptr, indices = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)
    n = matrix.shape[0]
    for sources in (np.arange(n), np.arange(3, 600, 7)):
        results = []
        for search in (_one_by_one, _together):
            reach, farness = np.zeros(n, np.int64), np.zeros(n, np.int64)
            harmonic, pairs = np.zeros(n), np.zeros(n, np.int64)
            search(indptr, indices, sources, reach, farness, harmonic, pairs)
            results.append((reach, farness, harmonic, pairs))
        for a, b in zip(*results):
            np.testing.assert_allclose(a, b)


def test_sums_by_node():
    graph = nx.connected_watts_strogatz_graph(200, 4, 0.2, seed=1)
    found = distances(as_adjacency(graph))
    for node, lengths in nx.all_pairs_shortest_path_length(graph):
        assert found.farness[node] == sum(lengths.values())
        assert found.reach[node] == 199


def test_degenerate_graphs():
    alone = path_lengths(nx.empty_graph(1))
    assert np.isnan(alone.characteristic)
    assert alone.component_size == 1
    apart = path_lengths(nx.empty_graph(3))
    assert np.isnan(apart.characteristic)
    assert apart.efficiency == 0
    none = path_lengths(nx.empty_graph(0))
    assert none.component_size == 0
    assert components(as_adjacency(nx.empty_graph(2))).tolist() == [0, 1]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), extra=st.integers(0, 5))
def test_order_and_isolated_nodes_do_not_matter(seed, extra):
    matrix = random_chain((9, 12, 7), 0.2, seed).to_scipy()
    order = np.random.default_rng(seed).permutation(matrix.shape[0])
    a, b = path_lengths(matrix), path_lengths(matrix[order][:, order])
    assert (a.pairs == b.pairs).all()
    assert a.component_size == b.component_size
    import scipy.sparse

    more = scipy.sparse.block_diag([matrix, scipy.sparse.csr_array((extra, extra))], "csr")
    c = path_lengths(more.astype(bool))
    if a.component_size > 1:
        assert c.characteristic == a.characteristic
        assert c.efficiency <= a.efficiency + 1e-15


def test_sampled_lengths_approach_those_of_all_nodes():
    graph = nx.disjoint_union(nx.barabasi_albert_graph(400, 2, seed=3), nx.path_graph(5))
    exact = path_lengths(graph)
    drawn = [path_lengths(graph, samples=40, seed=seed) for seed in range(20)]
    mean = np.mean([found.characteristic for found in drawn])
    assert mean == pytest.approx(exact.characteristic, rel=0.01)
    assert np.mean([found.efficiency_component for found in drawn]) == pytest.approx(
        exact.efficiency_component, rel=0.01
    )
    assert all(found.diameter <= exact.diameter for found in drawn)
    assert {found.component_size for found in drawn} == {400}
