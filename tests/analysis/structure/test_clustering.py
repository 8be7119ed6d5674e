import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networkx.algorithms import bipartite

from netsci_dst.analysis import (
    analyze,
    bipartite_clustering,
    clustering,
    lcp_correlation,
    weighted_clustering,
)
from netsci_dst.analysis.structure.sides import as_topology, is_bipartite, sides
from netsci_dst.graphs import as_adjacency

from ..conftest import random_chain


@pytest.mark.parametrize("seed", range(4))
def test_four_cycles_as_networkx_has_them(seed):
    graph = bipartite.random_graph(30, 40, 0.15, seed=seed)
    found = bipartite_clustering(graph)
    assert found.value == pytest.approx(bipartite.robins_alexander_clustering(graph))
    local = bipartite.clustering(graph)  # Latapy's, mode "dot"
    np.testing.assert_allclose(found.local, [local[node] for node in graph])
    assert found.mean_local == pytest.approx(np.mean(list(local.values())))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 14), p=st.floats(0, 1))
def test_counts_by_brute_force_on_any_graph(seed, n, p):
    graph = nx.gnp_random_graph(n, p, seed=seed)
    adjacency = nx.to_numpy_array(graph).astype(int)
    cycles = 0
    for a, b, c, d in itertools.combinations(range(n), 4):
        for w, x, y, z in ((a, b, c, d), (a, b, d, c), (a, c, b, d)):
            cycles += adjacency[w, x] * adjacency[x, y] * adjacency[y, z] * adjacency[z, w]
    paths = sum(
        1
        for b, c in graph.edges
        for a in graph[b]
        for d in graph[c]
        if a != c and d != b and a != d
    )
    found = bipartite_clustering(graph)
    assert found.four_cycles == cycles
    assert found.three_paths == paths
    plain = clustering(graph)
    assert plain.triangles == sum(nx.triangles(graph).values()) // 3
    np.testing.assert_allclose(plain.local, list(nx.clustering(graph).values()))
    if plain.transitivity == plain.transitivity:
        assert plain.transitivity == pytest.approx(nx.transitivity(graph))


def test_closed_forms():
    assert bipartite_clustering(nx.complete_bipartite_graph(4, 6)).value == 1
    assert bipartite_clustering(nx.complete_bipartite_graph(4, 6)).four_cycles == 6 * 15
    assert bipartite_clustering(nx.cycle_graph(4)).value == 1
    assert bipartite_clustering(nx.cycle_graph(6)).value == 0
    assert np.isnan(bipartite_clustering(nx.star_graph(5)).value)
    assert clustering(nx.complete_graph(6)).value == 1
    assert np.isnan(clustering(nx.path_graph(2)).transitivity)


def lcp_by_hand(graph, four):
    xs, ys = [], []
    for u, v in graph.edges:
        if four:
            links = {
                (a, b)
                for a in graph[u]
                for b in graph[v]
                if a != v and b != u and graph.has_edge(a, b)
            }
            xs.append(len({a for a, _ in links}) + len({b for _, b in links}))
            ys.append(len(links))
        else:
            common = set(graph[u]) & set(graph[v])
            xs.append(len(common))
            ys.append(graph.subgraph(common).number_of_edges())
    x, y = np.array(xs), np.array(ys)
    return x, y, np.corrcoef(x[x > 0], y[x > 0])[0, 1]


@pytest.mark.parametrize("seed", range(3))
def test_lcp_by_hand(seed):
    graph = nx.connected_watts_strogatz_graph(60, 8, 0.2, seed=seed)
    x, y, truth = lcp_by_hand(graph, four=False)
    found = lcp_correlation(graph)
    assert found.value == pytest.approx(truth)
    assert sorted(found.common_neighbours) == sorted(x)
    assert sorted(found.community_links) == sorted(y)
    two = bipartite.random_graph(25, 30, 0.2, seed=seed)
    x, y, truth = lcp_by_hand(two, four=True)
    found = lcp_correlation(two)
    assert found.value == pytest.approx(truth)
    assert sorted(zip(found.common_neighbours, found.community_links)) == sorted(zip(x, y))


def test_lcp_where_nothing_varies():
    assert lcp_correlation(nx.star_graph(5)).value == 0
    assert lcp_correlation(nx.complete_graph(6)).value == 0
    assert lcp_correlation(nx.complete_bipartite_graph(3, 3)).value == 0
    assert lcp_correlation(nx.empty_graph(3)).value == 0


def test_sides():
    for graph in (
        nx.grid_2d_graph(4, 5),
        nx.cycle_graph(8),
        nx.disjoint_union_all([nx.path_graph(3)] * 3),
    ):
        assert is_bipartite(as_adjacency(graph))
    for graph in (nx.cycle_graph(5), nx.karate_club_graph(), nx.empty_graph(3)):
        assert not is_bipartite(as_adjacency(graph))
    chain = random_chain((6, 7, 8), 0.3, 2)
    side = sides(chain.to_scipy())
    u, v = chain.links()
    assert (side[u] != side[v]).all()
    two = as_topology(bipartite.random_graph(10, 12, 0.3, seed=1))
    assert two.is_layered
    assert len(two.layers) == 1
    assert as_topology(chain) is chain
    assert not as_topology(nx.karate_club_graph()).is_layered


def test_measures_by_scope(synthetic_run):
    frame = analyze(synthetic_run, ["clustering", "lcp"], steps=[0])
    scopes = {"network", "hidden-subgraph", "layer1", "layer2", "layer3"}
    assert set(frame["scope"]) == scopes
    topology = synthetic_run.snapshots[0].topology
    by = frame.set_index(["scope", "quantity"])["value"]
    part = topology.part(["layer2"])
    assert by["layer2", "clustering_four_cycles"] == bipartite_clustering(part).value
    assert by["layer2", "lcp_correlation"] == lcp_correlation(part).value


@pytest.mark.parametrize("weight", ["weight", None])
@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_weights_and_directions_as_networkx_has_them(seed, directed, weight):
    graph = nx.gnp_random_graph(40, 0.2, seed=seed, directed=directed)
    rng = np.random.default_rng(seed)
    for _, _, data in graph.edges(data=True):
        data["weight"] = float(rng.uniform(0.1, 4))
    truth = nx.clustering(graph, weight=weight)
    found = weighted_clustering(graph, weighted=weight is not None)
    np.testing.assert_allclose(found, [truth[node] for node in graph], atol=1e-12)
    assert not weighted_clustering(nx.empty_graph(3)).any()
