import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from netsci_dst.analysis import angular_separation_index, coalescent_embedding
from netsci_dst.analysis.geometry.angular_separation import _measure
from netsci_dst.analysis.measure import NotApplicable
from netsci_dst.errors import NetsciError
from netsci_dst.snapshots import Snapshot
from netsci_dst.topology import Topology


def circle_mistakes(theta, labels):
    """Walk round the circle for every group, leaving out its largest gap."""
    order = sorted(range(len(theta)), key=lambda i: (theta[i], i))
    ring = [labels[i] for i in order]
    out = {}
    for group in set(ring):
        places = [i for i, label in enumerate(ring) if label == group]
        if len(places) < 2:
            continue
        gaps = [
            (places[(k + 1) % len(places)] - places[k] - 1) % len(ring) for k in range(len(places))
        ]
        out[group] = sum(gaps) - max(gaps)
    return out


@settings(max_examples=200, deadline=None)
@given(
    labels=st.lists(st.integers(0, 4), min_size=4, max_size=40),
    seed=st.integers(0, 1000),
)
def test_mistakes_on_the_circle(labels, seed):
    theta = np.random.default_rng(seed).choice(8, len(labels)) * 0.7  # many equal angles
    expected = circle_mistakes(theta.tolist(), labels)
    groups = set(labels)
    if len(groups) in (1, len(labels)):
        with pytest.raises(NetsciError):
            angular_separation_index(theta, labels)
        return
    found = angular_separation_index(theta, labels, permutations=0)
    n = len(labels)
    worst = {
        k: math.ceil((n - c) * (c - 1) / c) for k in expected if (c := labels.count(k)) is not None
    }
    assert {k: v for k, v in found.mistakes.items() if not math.isnan(v)} == expected
    assert {k: v for k, v in found.worst.items() if not math.isnan(v)} == worst
    total = sum(worst.values())
    assert found.index == pytest.approx(max(0, 1 - sum(expected.values()) / total))
    assert math.isnan(found.p_value)


def test_no_arrangement_is_worse_than_the_worst_case():
    rng = np.random.default_rng(0)
    for n, sizes in ((12, (6, 6)), (15, (5, 5, 5)), (14, (3, 11)), (20, (4, 7, 9))):
        labels = np.repeat(range(len(sizes)), sizes)
        for _ in range(300):
            found = angular_separation_index(rng.random(n), labels, permutations=0)
            assert all(found.mistakes[k] <= found.worst[k] for k in found.mistakes)


def test_separated_groups_have_index_one_and_a_small_p():
    theta = np.linspace(0, 6, 60)
    found = angular_separation_index(theta, np.repeat(["a", "b", "c"], 20))
    assert found.index == 1
    assert found.group_index == {"a": 1, "b": 1, "c": 1}
    assert found.p_value == pytest.approx(1 / 1001)


def test_alternating_groups_have_index_zero():
    found = angular_separation_index(np.linspace(0, 6, 40), [0, 1] * 20)
    assert found.index == 0
    assert found.p_value == 1


def test_groups_of_one_are_left_out():
    theta = np.arange(7) * 0.5
    found = angular_separation_index(theta, ["a", "a", "x", "a", "b", "b", "b"])
    assert math.isnan(found.group_index["x"])
    assert found.mistakes["a"] == 1
    assert found.mistakes["b"] == 0


def test_rotation_and_reflection_change_nothing():
    rng = np.random.default_rng(1)
    theta, labels = rng.random(50) * 2 * np.pi, rng.integers(0, 3, 50)
    expected = angular_separation_index(theta, labels, permutations=0).mistakes
    for moved in (theta + 1.234, -theta, 5 - theta):
        assert angular_separation_index(moved, labels, permutations=0).mistakes == expected


def test_p_values_are_uniform_for_random_groups():
    from scipy.stats import kstest

    rng = np.random.default_rng(2)
    labels = np.repeat(range(4), 25)
    p = [
        angular_separation_index(rng.random(100), labels, permutations=199, seed=i).p_value
        for i in range(150)
    ]
    assert kstest(p, "uniform").pvalue > 0.001


def test_worst_case_by_permutations():
    rng = np.random.default_rng(3)
    theta, labels = rng.random(60) * 6, rng.integers(0, 3, 60)
    found = angular_separation_index(theta, labels, worst="permutations", seed=5)
    theory = angular_separation_index(theta, labels, seed=5)
    assert sum(found.worst.values()) <= sum(theory.worst.values())
    assert found.index <= theory.index
    assert found.mistakes == theory.mistakes
    again = angular_separation_index(theta, labels, worst="permutations", seed=5)
    assert again == found or (again.index, again.p_value) == (found.index, found.p_value)


def sphere_mistakes(azimuth, elevation, labels):
    """Frame each group in azimuth and elevation, and count others inside its hull."""
    n = len(labels)
    order = sorted(range(n), key=lambda i: (azimuth[i], i))
    rank = {node: place for place, node in enumerate(order)}
    out = {}
    for group in set(labels):
        own = sorted(rank[i] for i in range(n) if labels[i] == group)
        if len(own) < 3:
            continue
        gaps = [(own[(k + 1) % len(own)] - own[k] - 1) % n for k in range(len(own))]
        widest = gaps.index(max(gaps))
        start = azimuth[order[own[(widest + 1) % len(own)]]]
        end = azimuth[order[own[widest]]]
        width = (end - start) % (2 * math.pi)
        x = (np.asarray(azimuth) - start) % (2 * math.pi)
        mine = np.asarray([label == group for label in labels])
        hull = ConvexHull(np.column_stack([x[mine], np.asarray(elevation)[mine]]))
        others = ~mine & (x <= width)
        points = np.column_stack([x[others], np.asarray(elevation)[others]])
        inside = points @ hull.equations[:, :2].T + hull.equations[:, 2] < -1e-12
        out[group] = int(inside.all(axis=1).sum())
    return out


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000), n=st.integers(6, 80), groups=st.integers(2, 4))
def test_mistakes_on_the_sphere(seed, n, groups):
    rng = np.random.default_rng(seed)
    azimuth, elevation = rng.random(n) * 2 * np.pi, np.arcsin(rng.random(n) * 2 - 1)
    labels = rng.integers(0, groups, n)
    expected = sphere_mistakes(azimuth.tolist(), elevation.tolist(), labels.tolist())
    if not expected or len(set(labels)) in (1, n):
        return
    found = angular_separation_index(np.column_stack([azimuth, elevation]), labels, permutations=20)
    assert {k: v for k, v in found.mistakes.items() if not math.isnan(v)} == expected
    assert 0 <= found.index <= 1


def test_caps_of_the_sphere_are_separate():
    rng = np.random.default_rng(0)
    azimuth, up = rng.random(90) * 2 * np.pi, rng.random(90)
    elevation = np.where(np.arange(90) < 45, up, -up)
    found = angular_separation_index(
        np.column_stack([azimuth, elevation]), np.arange(90) < 45, permutations=200
    )
    assert found.index == 1
    assert found.p_value == pytest.approx(1 / 201)


@pytest.mark.parametrize(
    ("theta", "labels", "options"),
    [
        ([0, 1, 2], [0, 0, 1], {}),
        ([0, 1, 2, 3], [0, 0, 0, 0], {}),
        ([0, 1, 2, 3], [0, 1, 2, 3], {}),
        ([0, 1, 2, np.nan], [0, 0, 1, 1], {}),
        ([0, 1, 2, 3], [0, 0, 1], {}),
        ([0, 1, 2, 3], [0, 0, 1, 1], {"worst": "theory"}),
        ([0, 1, 2, 3], [0, 0, 1, 1], {"permutations": -1}),
        ([0, 1, 2, 3], [0, 0, 1, 1], {"worst": "permutations", "permutations": 0}),
        (np.zeros((4, 3)), [0, 0, 1, 1], {}),
        (np.full((6, 2), 2.0), [0, 0, 0, 1, 1, 1], {}),
        (np.random.default_rng(0).random((6, 2)), [0, 0, 0, 1, 1, 1], {"worst": "theoretical"}),
        (np.random.default_rng(0).random((6, 2)), [0, 0, 1, 1, 2, 2], {}),
    ],
)
def test_wrong_input_is_refused(theta, labels, options):
    with pytest.raises(NetsciError):
        angular_separation_index(theta, labels, **options)


def test_measure():
    rng = np.random.default_rng(0)
    topology = Topology.chain([rng.random((30, 40)) < 0.15, rng.random((40, 20)) < 0.15])
    rows = list(_measure(Snapshot(topology), permutations=50))
    named = {(row.scope, row.quantity): row.value for row in rows}
    assert 0 <= named["network", "asi_layers"] <= 1
    assert 0 < named["network", "asi_communities_p"] <= 1
    assert {scope for scope, quantity in named if quantity == "asi"} == {
        "input",
        "hidden1",
        "output",
    }


def test_the_hidden_part_and_each_layer_are_embedded_by_themselves():
    rng = np.random.default_rng(1)
    sizes = [20, 30, 25, 15]
    topology = Topology.chain([rng.random(shape) < 0.2 for shape in pairwise(sizes)])
    rows = list(_measure(Snapshot(topology), permutations=50))
    named = {(row.scope, row.quantity): row.value for row in rows}
    hidden = topology.hidden
    names = [layer.name for layer in topology.layers]
    assert hidden is not None
    assert {s for s, q in named if q == "asi_layers"} == {"network", "hidden-subgraph", *names}
    for scope, part in [
        ("hidden-subgraph", hidden),
        *((name, topology.part([name])) for name in names),
    ]:
        place = coalescent_embedding(part)
        labels = part.node_population[place.nodes]
        found = angular_separation_index(place.theta, labels, permutations=50)
        assert named[scope, "asi_layers"] == found.index
        assert named[scope, "asi_layers_p"] == found.p_value


def test_parts_too_small_to_be_embedded_are_left_out():
    first, second = np.ones((5, 6), dtype=bool), np.zeros((6, 4), dtype=bool)
    first[0, 1:] = first[1:, 0] = False
    second[0, 0] = True
    topology = Topology.chain([first, second])
    rows = list(_measure(Snapshot(topology), permutations=10))
    assert {row.scope for row in rows if row.quantity == "asi_layers"} == {
        "network",
        topology.layers[0].name,
    }


def test_measure_needs_groups():
    import networkx as nx

    with pytest.raises(NotApplicable):
        list(_measure(Snapshot(Topology.network(nx.complete_graph(8)))))


def test_indices_of_groups_lie_between_0_and_1():
    rng = np.random.default_rng(0)
    for seed in range(40):
        labels = rng.permutation([0] * 5 + [1] * 4 + [2] * 3)
        angles = rng.random(12) * 6
        found = angular_separation_index(angles, labels, "permutations", permutations=3, seed=seed)
        assert all(0 <= index <= 1 for index in found.group_index.values())
