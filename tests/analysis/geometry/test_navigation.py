import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.analysis import (
    align_angles,
    coalescent_embedding,
    greedy_routing,
    hyperbolic_distance_correlation,
    hyperbolic_distances,
)
from netsci_dst.analysis.geometry.navigation import _measure
from netsci_dst.analysis.scopes import graph_scopes
from netsci_dst.errors import NetsciError
from netsci_dst.snapshots import Snapshot
from netsci_dst.topology import Topology


def poincare(coordinates):
    """Points of the Poincaré ball, and their distances by its own formula."""
    coordinates = np.asarray(coordinates)
    r = np.tanh(coordinates[:, -1] / 2)
    if coordinates.shape[1] == 2:
        theta = coordinates[:, 0]
        x = np.column_stack([r * np.cos(theta), r * np.sin(theta)])
    else:
        a, e = coordinates[:, 0], coordinates[:, 1]
        x = np.column_stack([r * np.cos(e) * np.cos(a), r * np.cos(e) * np.sin(a), r * np.sin(e)])
    gap = ((x[:, None] - x[None]) ** 2).sum(axis=2)
    free = 1 - (x**2).sum(axis=1)
    return np.arccosh(1 + 2 * gap / (free[:, None] * free[None]))


@pytest.mark.parametrize("columns", [2, 3])
def test_distances_are_those_of_the_poincare_ball(columns):
    rng = np.random.default_rng(0)
    coordinates = rng.random((40, columns))
    coordinates[:, 0] *= 2 * np.pi
    coordinates[:, -1] *= 8
    coordinates[3, -1] = 0
    found = hyperbolic_distances(coordinates)
    np.testing.assert_allclose(found, poincare(coordinates), atol=1e-6)
    np.testing.assert_allclose(found, found.T)


def test_points_in_one_direction_differ_by_their_radii():
    found = hyperbolic_distances([[1.0, 5.0], [1.0, 5.0], [1.0, 12.0]])
    np.testing.assert_allclose(found, [[0, 0, 7], [0, 0, 7], [7, 7, 0]], atol=1e-6)


def routes(graph, distance):
    """Greedy routes by walking them, until a node comes twice."""
    arrived, stretch, score, hops = 0, [], [], []
    short = dict(nx.all_pairs_shortest_path_length(graph))
    for target in graph:
        for source in graph:
            if source == target:
                continue
            node, seen, length = source, set(), 0
            while node != target and node not in seen:
                seen.add(node)
                node = min(sorted(graph[node]), key=lambda v: distance[v, target])
                length += 1
            score.append(short[source][target] / length if node == target else 0.0)
            if node == target:
                arrived += 1
                stretch.append(length / short[source][target])
                hops.append(length)
    n = len(graph)
    return arrived / (n * (n - 1)), np.mean(stretch), np.mean(score), np.mean(hops)


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_greedy_routing_by_walking(seed, dimensions):
    graph = nx.powerlaw_cluster_graph(70, 2, 0.5, seed=seed)
    place = coalescent_embedding(graph, reduction="ISO", dimensions=dimensions)
    found = greedy_routing(graph, place)
    expected = routes(graph, hyperbolic_distances(place))
    assert (found.success, found.stretch, found.score, found.hops) == pytest.approx(expected)
    assert found.pairs == 70 * 69


def test_greedy_routing_in_a_star_always_arrives():
    graph = nx.star_graph(12)
    found = greedy_routing(graph, coalescent_embedding(graph))
    assert found.success == found.stretch == found.score == 1


def test_greedy_routing_to_some_targets():
    graph = nx.powerlaw_cluster_graph(100, 3, 0.5, seed=1)
    place = coalescent_embedding(graph)
    every = greedy_routing(graph, place)
    assert greedy_routing(graph, place, targets=100) == every
    some = greedy_routing(graph, place, targets=50, seed=1)
    assert some.pairs == 50 * 99
    assert abs(some.success - every.success) < 0.2
    assert some == greedy_routing(graph, place, targets=50, seed=1)


def test_greedy_routing_skips_unplaced_nodes():
    graph = nx.disjoint_union(nx.path_graph(2), nx.star_graph(9))
    assert greedy_routing(graph, coalescent_embedding(graph)).pairs == 90


def test_routing_on_another_graph_is_refused():
    place = coalescent_embedding(nx.star_graph(12))
    with pytest.raises(NetsciError, match="graph has 5 nodes"):
        greedy_routing(nx.path_graph(5), place)
    with pytest.raises(NetsciError):
        greedy_routing(nx.star_graph(12), place, targets=0)


def test_correlation_of_distances():
    rng = np.random.default_rng(0)
    a = np.column_stack([rng.random(60) * 6, rng.random(60) * 9])
    b = np.column_stack([rng.random(60) * 6, rng.random(60) * 9])
    upper = np.triu_indices(60, 1)
    expected = np.corrcoef(poincare(a)[upper], poincare(b)[upper])[0, 1]
    assert hyperbolic_distance_correlation(a, b) == pytest.approx(expected)
    assert hyperbolic_distance_correlation(a, a) == pytest.approx(1)
    turned = np.column_stack([2.5 - a[:, 0], a[:, 1]])
    assert hyperbolic_distance_correlation(a, turned) == pytest.approx(1)


def test_correlation_matches_nodes():
    graph = nx.disjoint_union(nx.path_graph(3), nx.powerlaw_cluster_graph(40, 3, 0.5, seed=1))
    place = coalescent_embedding(graph)
    rows = np.random.default_rng(0).random((43, 2))
    rows[place.nodes] = place.coordinates
    assert hyperbolic_distance_correlation(rows, place) == pytest.approx(1)
    assert hyperbolic_distance_correlation(place, place) == pytest.approx(1)
    assert hyperbolic_distance_correlation(place, rows) == pytest.approx(1)
    for wrong in (rows[:20], rows[0], np.ones((43, 4))):
        with pytest.raises(NetsciError):
            hyperbolic_distance_correlation(place, wrong)


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 1000),
    turn=st.floats(-10, 10),
    mirror=st.booleans(),
)
def test_alignment_undoes_rotation_and_reflection(seed, turn, mirror):
    theta = np.random.default_rng(seed).random(12) * 2 * math.pi
    moved = (-theta if mirror else theta) + turn
    found = align_angles(dict(enumerate(theta)), dict(enumerate(moved)))
    assert (found >= 0).all()
    assert (found < 2 * math.pi + 1e-12).all()
    assert abs(np.angle(np.exp(1j * (found - theta)))).max() < 1e-6


def test_alignment_is_the_best_of_all_rotations_and_reflections():
    rng = np.random.default_rng(4)
    old, new, weight = rng.random((3, 30)) * 2 * math.pi
    previous = dict(enumerate(old.tolist()))
    current = {i + 5: float(t) for i, t in enumerate(new)}  # 25 nodes in common
    found = align_angles(previous, current, weight)

    def fit(theta):
        return (weight[:25] * np.cos(old[5:] - theta[:25])).sum()

    grid = np.linspace(0, 2 * math.pi, 721)
    best = max(fit(sign * new + turn) for turn in grid for sign in (1, -1))
    assert fit(found) >= best - 1e-9


def test_alignment_of_consecutive_snapshots_is_small():
    graph = nx.powerlaw_cluster_graph(150, 4, 0.7, seed=0)
    before = coalescent_embedding(graph, reduction="LE")
    changed = nx.relabel_nodes(graph, {})
    changed.remove_edges_from(list(graph.edges)[::40])
    after = coalescent_embedding(changed, reduction="LE")
    moved = align_angles(before, after)
    old = dict(zip(before.nodes.tolist(), before.theta))

    def jump(theta):
        return np.mean(
            [
                abs(np.angle(np.exp(1j * (t - old[node]))))
                for node, t in zip(after.nodes.tolist(), theta)
            ]
        )

    assert jump(moved) <= jump(after.theta)
    assert jump(moved) < 1


def test_alignment_refuses_what_it_cannot_do():
    disk = coalescent_embedding(nx.star_graph(12))
    ball = coalescent_embedding(nx.star_graph(12), dimensions=3)
    with pytest.raises(NetsciError):
        align_angles(disk, ball)
    with pytest.raises(NetsciError):
        align_angles({100: 1.0}, disk)
    with pytest.raises(NetsciError):
        align_angles(disk, disk, weights=np.zeros(13))
    with pytest.raises(NetsciError):
        align_angles(disk, disk, weights=np.ones(4))


def test_measure():
    rng = np.random.default_rng(0)
    topology = Topology.chain([rng.random((30, 40)) < 0.15, rng.random((40, 20)) < 0.15])
    values = {(row.scope, row.quantity): row.value for row in _measure(Snapshot(topology))}
    for scope, part in graph_scopes(topology):
        expected = greedy_routing(part, coalescent_embedding(part))
        assert values[scope, "success"] == expected.success
        assert values[scope, "stretch"] == expected.stretch >= 1
