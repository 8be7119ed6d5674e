import math
from fractions import Fraction

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.analysis import (
    align_angles,
    analyze,
    angular_separation_index,
    coalescent_embedding,
    greedy_routing,
    hyperbolic_distance_correlation,
)
from netsci_dst.analysis.geometry.embedding import _measure, shared_embedding
from netsci_dst.analysis.measure import Array, NotApplicable, Value
from netsci_dst.analysis.scopes import graph_scopes
from netsci_dst.errors import NetsciError, UnknownName
from netsci_dst.snapshots import Snapshot
from netsci_dst.topology import Topology

from . import _embedding_reference as reference

RULES = ("none", "RA1", "RA2", "EBC")
FLAT = ("ISO", "ncISO", "MCE", "ncMCE", "LE")


def clustered(n=100, seed=3):
    return nx.connected_watts_strogatz_graph(n, 6, 0.15, seed=seed)


def scale_free(n=110, seed=1):
    return nx.powerlaw_cluster_graph(n, 3, 0.6, seed=seed)


def tied(n=100, seed=5):
    # A bipartite graph: no common neighbours, whole-number lengths, many ties in the tree.
    graph = nx.bipartite.random_graph(n // 2, n // 2, 0.08, seed=seed)
    return nx.convert_node_labels_to_integers(
        graph.subgraph(max(nx.connected_components(graph), key=len))
    )


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("reduction", FLAT)
@pytest.mark.parametrize("make", [clustered, scale_free])
def test_angles_are_those_of_the_dense_route(rule, reduction, make):
    graph = make()
    w = reference.lengths(reference.adjacency(graph), rule, graph)
    expected = reference.coordinates(w, reduction, 2)
    found = coalescent_embedding(graph, rule, reduction, "original")
    if reduction.endswith("MCE"):
        line = expected[:, 0] - expected[:, 0].min()
        n = len(line)
        line = line / line.max() * 2 * math.pi * (n - 1) / n
        top = 2 * math.pi * (n - 1) / n
        gap = min(abs(found.theta - line).max(), abs(top - found.theta - line).max())
        assert gap < 1e-6
        return
    angle = np.arctan2(expected[:, 1], expected[:, 0])
    same, gap = reference.same_circle(angle, found.theta, 1e-6)
    assert same, gap


@pytest.mark.parametrize("reduction", FLAT)
def test_equidistant_adjustment_keeps_the_order(reduction):
    graph = scale_free()
    original = coalescent_embedding(graph, "RA1", reduction, "original")
    spread = coalescent_embedding(graph, "RA1", reduction)
    assert reference.same_order(original.theta, spread.theta)
    steps = np.sort(spread.theta)
    np.testing.assert_allclose(steps, 2 * math.pi * np.arange(len(steps)) / len(steps))


@pytest.mark.parametrize("reduction", ["ISO", "ncISO", "LE"])
def test_ball(reduction):
    graph = clustered()
    w = reference.lengths(reference.adjacency(graph), "RA1")
    xyz = reference.coordinates(w, reduction, 3)
    found = coalescent_embedding(graph, "RA1", reduction, dimensions=3)
    assert found.theta is None
    assert found.dimensions == 3
    unit = xyz / np.linalg.norm(xyz, axis=1, keepdims=True)
    flat = np.cos(found.elevation)
    mine = np.column_stack(
        [flat * np.cos(found.azimuth), flat * np.sin(found.azimuth), np.sin(found.elevation)]
    )
    sign = np.sign((unit * mine).sum(axis=0))
    np.testing.assert_allclose(mine, unit * sign, atol=1e-6)


def test_ties_in_the_tree_follow_the_order_of_links():
    graph = tied()
    w = reference.lengths(reference.adjacency(graph), "RA1")
    from netsci_dst.analysis.geometry.tree import tree_distances

    np.testing.assert_allclose(
        tree_distances(scipy.sparse.csr_array(w)), reference.shortest(reference.tree(w))
    )


@pytest.mark.parametrize("make", [clustered, scale_free, tied])
def test_radii(make):
    graph = make()
    found = coalescent_embedding(graph)
    degrees = [graph.degree(i) for i in range(len(graph))]
    np.testing.assert_allclose(found.r, reference.radii(degrees, found.gamma))
    assert found.beta == pytest.approx(1 / (found.gamma - 1))


def test_equal_degrees_have_gamma_at_its_cap():
    found = coalescent_embedding(nx.cycle_graph(30))
    assert found.gamma == 10
    assert np.isfinite(found.r).all()


@pytest.mark.parametrize("reduction", ["ISO", "ncISO", "LE"])
def test_a_ring_comes_out_as_a_ring(reduction):
    n = 61
    found = coalescent_embedding(nx.cycle_graph(n), "RA1", reduction, "original")
    expected = 2 * math.pi * np.arange(n) / n
    assert reference.same_circle(expected, found.theta, 1e-6)[0]


@pytest.mark.parametrize("reduction", ["MCE", "ncMCE"])
def test_a_path_comes_out_in_order(reduction):
    # From one end on, distances grow: the centred line is the path itself.
    found = coalescent_embedding(nx.path_graph(40), "none", reduction)
    assert sorted([found.theta[0], found.theta[-1]]) == [0, pytest.approx(2 * math.pi * 39 / 40)]
    order = np.argsort(found.theta)
    assert (abs(np.diff(order)) == 1).all()


def test_blocks_of_a_stochastic_block_model_separate():
    graph = nx.stochastic_block_model([40] * 3, 0.5 * np.eye(3) + 0.01, seed=2)
    found = coalescent_embedding(graph)
    labels = np.repeat(range(3), 40)[found.nodes]
    assert angular_separation_index(found.theta, labels).index > 0.97


def test_only_the_largest_component_is_placed():
    graph = nx.disjoint_union(nx.path_graph(3), scale_free(60))
    graph.add_node(63)
    found = coalescent_embedding(graph)
    assert found.nodes.tolist() == list(range(3, 63))
    assert found.excluded.tolist() == [0, 1, 2, 63]
    alone = coalescent_embedding(scale_free(60))
    np.testing.assert_allclose(found.theta, alone.theta)
    np.testing.assert_allclose(found.r, alone.r)


def test_any_kind_of_graph_gives_the_same():
    import igraph

    graph = scale_free(60)
    expected = coalescent_embedding(graph).theta
    for other in (
        igraph.Graph(n=60, edges=list(graph.edges)),
        nx.to_scipy_sparse_array(graph, format="csr"),
        Topology.network(graph),
    ):
        np.testing.assert_array_equal(coalescent_embedding(other).theta, expected)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    reduction=st.sampled_from(["ISO", "ncISO", "LE"]),
    rule=st.sampled_from(["RA1", "RA2"]),
)
def test_relabelling_only_turns_and_mirrors(seed, reduction, rule):
    rng = np.random.default_rng(seed)
    graph = nx.powerlaw_cluster_graph(60, 3, 0.5, seed=seed)
    place = rng.permutation(60)
    moved = nx.relabel_nodes(graph, dict(enumerate(place.tolist())))
    moved_in_order = nx.Graph()
    moved_in_order.add_nodes_from(range(60))
    moved_in_order.add_edges_from(moved.edges)
    w = reference.lengths(reference.adjacency(graph), rule)
    spectrum = np.sort(np.abs(np.linalg.eigvalsh(reference.shortest(w))))[::-1]
    if np.min(-np.diff(spectrum[:5])) < 1e-6 * spectrum[0]:
        return
    a = coalescent_embedding(graph, rule, reduction, "original").theta
    b = coalescent_embedding(moved_in_order, rule, reduction, "original").theta[place]
    assert reference.same_circle(a, b, 1e-5)[0]


def test_the_same_seed_gives_the_same_even_where_eigenvalues_tie():
    graph = nx.hypercube_graph(5)
    first, second = (coalescent_embedding(graph, seed=4).theta for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_all_landmarks_are_the_whole_thing():
    graph = scale_free(120)
    for reduction in ("ISO", "ncISO"):
        whole = coalescent_embedding(graph, "RA1", reduction, "original")
        most = coalescent_embedding(graph, "RA1", reduction, "original", landmarks=120)
        assert reference.same_circle(whole.theta, most.theta, 1e-6)[0]


def test_few_landmarks_come_close():
    graph = nx.connected_watts_strogatz_graph(500, 6, 0.01, seed=3)
    for reduction in ("ISO", "ncISO"):
        whole = coalescent_embedding(graph, "RA1", reduction)
        some = coalescent_embedding(graph, "RA1", reduction, landmarks=150, seed=1)
        gap = np.angle(np.exp(1j * (align_angles(whole, some) - whole.theta)))
        assert np.median(np.abs(gap)) < 0.3


def test_large_kernels_agree_with_the_dense_route():
    # Beyond 400 nodes the block Lanczos solver takes over; beyond 1,024 blocks run threaded.
    graph = scale_free(450)
    w = reference.lengths(reference.adjacency(graph), "RA1")
    for reduction in ("ISO", "ncISO", "LE"):
        expected = reference.coordinates(w, reduction, 2)
        found = coalescent_embedding(graph, "RA1", reduction, "original")
        angle = np.arctan2(expected[:, 1], expected[:, 0])
        assert reference.same_circle(angle, found.theta, 1e-5)[0]


def test_distances_agree_with_scipy(monkeypatch):
    from scipy.sparse.csgraph import dijkstra

    from netsci_dst.analysis.geometry.shortest_paths import all_pairs, from_sources

    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    rng = np.random.default_rng(0)
    graph = nx.gnm_random_graph(1300, 4000, seed=1)  # disconnected, more than eight blocks
    w = nx.to_scipy_sparse_array(graph, format="coo", weight=None)
    keep = w.row < w.col
    value = rng.exponential(size=keep.sum()) + 0.01
    half = scipy.sparse.coo_array((value, (w.row[keep], w.col[keep])), shape=w.shape)
    both = (half + half.T).tocsr().sorted_indices()
    expected = dijkstra(both)
    np.testing.assert_allclose(all_pairs(both), expected, rtol=1e-12)
    some = np.array([3, 500, 77])
    np.testing.assert_allclose(from_sources(both, some), expected[:, some], rtol=1e-12)


def test_long_networks_take_the_other_way():
    from netsci_dst.analysis.geometry.shortest_paths import all_pairs

    graph = nx.convert_node_labels_to_integers(nx.grid_2d_graph(3, 200))
    graph = nx.relabel_nodes(
        graph, dict(enumerate(np.random.default_rng(0).permutation(600).tolist()))
    )
    matrix = nx.to_scipy_sparse_array(graph, nodelist=range(600), format="csr", dtype=float)
    found = all_pairs(matrix)
    expected = dict(nx.all_pairs_shortest_path_length(graph))
    assert all(found[i, j] == expected[i][j] for i in range(0, 600, 37) for j in range(600))


def test_crowded_laplacian_spectrum():
    # A long ring of more than 400 nodes defeats the Krylov method and is factorised instead.
    from netsci_dst.analysis.geometry import reductions as reductions

    n = 450
    graph = nx.to_scipy_sparse_array(nx.cycle_graph(n), format="csr", dtype=float)
    first = np.full(n, n**-0.5)
    xy = reductions._inverted(graph / 2, first, 2, seed=0)
    theta = np.arctan2(xy[:, 1], xy[:, 0])
    assert reference.same_circle(2 * math.pi * np.arange(n) / n, theta, 1e-5)[0]


def pso(shared_data):
    edges = pd.read_csv(shared_data / "networks/pso_network_edges.csv")
    nodes = pd.read_csv(shared_data / "networks/pso_network_nodes.csv")
    graph = nx.empty_graph(len(nodes))
    graph.add_edges_from(edges[["source", "target"]].to_numpy().tolist())
    return graph, nodes[["theta", "r"]].to_numpy()


def test_the_geometry_of_a_pso_network_is_recovered(shared_data):
    graph, true = pso(shared_data)
    found = {r: coalescent_embedding(graph, "RA1", r) for r in FLAT}
    quality = {r: hyperbolic_distance_correlation(true, e) for r, e in found.items()}
    assert max(quality.values()) >= 0.95
    assert quality["LE"] == pytest.approx(0.968, abs=0.001)
    assert all(value > 0.9 for value in quality.values())
    assert found["ncISO"].gamma == pytest.approx(2.73)
    assert greedy_routing(graph, found["LE"]).success > 0.9
    moved = align_angles(dict(enumerate(true[:, 0])), found["LE"])
    # Popular nodes sit near the centre, where angles are least certain; most lie where they were.
    gap = abs(np.angle(np.exp(1j * (moved - true[:, 0]))))
    assert np.median(gap) < 0.25


def test_communities_of_an_organisation_separate(shared_data):
    edges = pd.read_csv(shared_data / "networks/opsahl_11_edges.csv")
    nodes = pd.read_csv(shared_data / "networks/opsahl_11_nodes.csv")
    graph = nx.empty_graph(len(nodes))
    graph.add_edges_from(edges[["source", "target"]].to_numpy().tolist())
    found = coalescent_embedding(graph)
    separation = angular_separation_index(found.theta, nodes.community[found.nodes])
    assert separation.index > 0.5
    assert separation.p_value < 0.01


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"pre_weighting": "RA3"}, UnknownName),
        ({"reduction": "ncIso"}, UnknownName),
        ({"angles": "even"}, UnknownName),
        ({"dimensions": 4}, NetsciError),
        ({"dimensions": 3, "reduction": "MCE"}, NetsciError),
        ({"dimensions": 3, "angles": "EA"}, NetsciError),
        ({"reduction": "LE", "landmarks": 20}, NetsciError),
        ({"landmarks": 2}, NetsciError),
        ({"landmarks": 1000}, NetsciError),
    ],
)
def test_wrong_options_are_refused(options, error):
    with pytest.raises(error):
        coalescent_embedding(clustered(40), **options)


@pytest.mark.parametrize("graph", [nx.empty_graph(5), nx.path_graph(3), nx.empty_graph(0)])
def test_too_small_networks_are_refused(graph):
    with pytest.raises(NetsciError):
        coalescent_embedding(graph)


def test_too_large_kernels_are_refused_with_the_way_out():
    graph = scipy.sparse.eye_array(40_000, k=1, format="csr")
    with pytest.raises(NetsciError, match="landmarks"):
        coalescent_embedding(graph)


def chain(seed=0):
    rng = np.random.default_rng(seed)
    return Topology.chain([rng.random((30, 40)) < 0.15, rng.random((40, 20)) < 0.15])


def test_measure_embedding():
    topology = chain()
    rows = list(_measure(Snapshot(topology)))
    values = {(row.scope, row.quantity): row.value for row in rows if isinstance(row, Value)}
    arrays = {row.name: row.values for row in rows if isinstance(row, Array)}
    expected = coalescent_embedding(topology)
    np.testing.assert_array_equal(arrays["theta"], expected.theta)
    np.testing.assert_array_equal(arrays["nodes"], expected.nodes)
    for scope, part in graph_scopes(topology):
        expected = coalescent_embedding(part)
        assert values[scope, "placed"] == expected.nodes.size
        assert values[scope, "placed_share"] == expected.nodes.size / part.n_nodes
        assert values[scope, "gamma"] == expected.gamma
    assert shared_embedding(topology, reduction="LE") is shared_embedding(topology, reduction="LE")


def test_measure_embedding_of_an_empty_network():
    empty = Topology.chain([np.zeros((4, 5), bool), np.zeros((5, 3), bool)])
    with pytest.raises(NotApplicable):
        list(_measure(Snapshot(empty)))


@pytest.mark.parametrize(("n", "seed"), [(60, 1), (30, 12)])
def test_betweenness_that_is_equal_on_paper_ties_in_the_tree(n, seed):
    """Kruskal's tree by exact fractions."""
    from netsci_dst.analysis.geometry.pre_weighting import weighted
    from netsci_dst.analysis.geometry.tree import tree_distances
    from netsci_dst.graphs import as_adjacency

    graph = nx.barabasi_albert_graph(n, 2, seed=seed)
    exact = _exact_betweenness(graph)
    parent = list(range(n))

    def root(node):
        while parent[node] != node:
            node = parent[node]
        return node

    tree = nx.Graph()
    for u, v in sorted(exact, key=lambda pair: (exact[pair], pair)):
        if root(u) != root(v):
            parent[root(v)] = root(u)
            tree.add_edge(u, v, weight=float(exact[u, v]))
    expected = nx.floyd_warshall_numpy(tree, nodelist=range(n))
    found = tree_distances(weighted(as_adjacency(graph), "EBC"))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def _exact_betweenness(graph):
    """Return the edge betweenness as fractions, each pair of nodes counted once."""
    found = {tuple(sorted(edge)): Fraction(0) for edge in graph.edges}
    for source in graph:
        distance = nx.single_source_shortest_path_length(graph, source)
        order = sorted(distance, key=distance.get)
        paths = {source: 1}
        for node in order[1:]:
            paths[node] = sum(
                paths[other] for other in graph[node] if distance[other] == distance[node] - 1
            )
        load = dict.fromkeys(graph, Fraction(0))
        for node in reversed(order[1:]):
            for other in graph[node]:
                if distance[other] == distance[node] - 1:
                    share = (1 + load[node]) * Fraction(paths[other], paths[node])
                    found[tuple(sorted((node, other)))] += share / 2
                    load[other] += share
    return found


def test_a_network_too_small_to_be_embedded_is_none_of_the_measures_business():
    two_triangles = nx.disjoint_union(nx.complete_graph(3), nx.complete_graph(3))
    frame = analyze(Topology.network(two_triangles), ["embedding", "asi", "greedy_routing"])
    statuses = {note["measure"]: note["status"] for note in frame.attrs["notes"]}
    assert statuses == dict.fromkeys(["embedding", "asi", "greedy_routing"], "not applicable")
