import copy
import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.analysis import structural_consistency
from netsci_dst.analysis.measure import NotApplicable
from netsci_dst.analysis.structure import perturbation as perturbation
from netsci_dst.analysis.structure.structural_consistency import _measure
from netsci_dst.errors import NetsciError
from netsci_dst.snapshots import Snapshot
from netsci_dst.topology import Topology


def perturbed(a, removed):
    """The perturbed matrix, straight from the paper: all eigenvectors, space by space."""
    n = len(a)
    delta = np.zeros((n, n))
    delta[removed[0], removed[1]] = delta[removed[1], removed[0]] = 1
    rest = a - delta
    values, vectors = np.linalg.eigh(rest)
    out = np.zeros((n, n))
    done = np.zeros(n, bool)
    for k in range(n):
        if done[k]:
            continue
        space = np.flatnonzero(np.abs(values - values[k]) < 1e-8)
        done[space] = True
        x = vectors[:, space]
        shift, turn = np.linalg.eigh(x.T @ delta @ x)
        x = x @ turn
        out += x @ np.diag(values[space] + shift) @ x.T
    return out, rest


def split(graph, seed=0, fraction=0.1):
    a = nx.to_numpy_array(graph, weight=None)
    links = np.array(np.nonzero(np.triu(a, 1)))
    total = links.shape[1]
    out = np.zeros(total, bool)
    chosen = np.random.default_rng(seed).choice(total, math.ceil(fraction * total), replace=False)
    out[chosen] = True
    return a, links[:, ~out], links[:, out]


def integers(graph):
    return nx.convert_node_labels_to_integers(graph)


GENERAL = [
    integers(nx.Graph(nx.karate_club_graph().edges)),
    nx.barabasi_albert_graph(60, 3, seed=1),
    nx.petersen_graph(),
    nx.complete_graph(9),
    nx.disjoint_union(nx.cycle_graph(5), nx.balanced_tree(2, 3)),
    nx.windmill_graph(4, 4),
]
BIPARTITE = [
    nx.complete_bipartite_graph(5, 9),
    nx.star_graph(12),
    integers(nx.grid_2d_graph(5, 6)),
    nx.hypercube_graph(4),
    nx.bipartite.random_graph(20, 30, 0.2, seed=1),
    nx.bipartite.random_graph(40, 12, 0.3, seed=2),
    nx.balanced_tree(2, 4),
    nx.disjoint_union(nx.cycle_graph(6), nx.path_graph(7)),
]


@pytest.mark.parametrize("graph", GENERAL + [integers(g) for g in BIPARTITE])
def test_scores_of_a_general_graph(graph):
    a, kept, removed = split(graph)
    expected, rest = perturbed(a, removed)
    open_ = np.triu(rest == 0, 1)
    found = perturbation.general_scores(len(a), kept, removed)
    np.testing.assert_allclose(found[open_], expected[open_], atol=1e-10)


@pytest.mark.parametrize("graph", BIPARTITE)
def test_scores_of_a_bipartite_graph(graph):
    graph = integers(graph)
    a, kept, removed = split(graph)
    active = a.sum(axis=1) > 0
    color = nx.bipartite.color(graph)
    side = np.array([color[i] for i in range(len(a))])
    place = np.where(side == 0, np.cumsum(side == 0), np.cumsum(side == 1)) - 1

    def across(ends):
        return np.where(side[ends[0]] == 1, place[ends[::-1]], place[ends])

    shape = (int((side == 0).sum()), int((side == 1).sum()))
    expected, rest = perturbed(a, removed)
    found = perturbation.bipartite_scores(shape, across(kept), across(removed))
    zero, one = np.flatnonzero(side == 0), np.flatnonzero(side == 1)
    open_ = rest[np.ix_(zero, one)] == 0
    np.testing.assert_allclose(found[open_], expected[np.ix_(zero, one)][open_], atol=1e-10)
    for same in (zero, one):
        np.testing.assert_allclose(expected[np.ix_(same, same)], 0, atol=1e-10)
    assert active.any()


def test_scores_of_small_singular_values():
    # A path has singular values down to nearly 0, as has a chain of nearly equal columns.
    graph = nx.path_graph(301)
    a, kept, removed = split(graph, fraction=0.01)
    expected, rest = perturbed(a, removed)
    side = np.arange(301) % 2

    def across(ends):
        return np.where(side[ends[0]] == 1, ends[::-1] // 2, ends // 2)

    found = perturbation.bipartite_scores((151, 150), across(kept), across(removed))
    open_ = rest[0::2, 1::2] == 0
    np.testing.assert_allclose(found[open_], expected[0::2, 1::2][open_], atol=1e-8)


@pytest.mark.parametrize("parts", [1, 2])
def test_large_graphs_take_single_precision_last(monkeypatch, parts):
    graph = nx.barabasi_albert_graph(120, 3, seed=1)
    if parts == 2:  # equal parts: many equal eigenvalues
        graph = nx.disjoint_union_all([nx.balanced_tree(3, 3), nx.balanced_tree(3, 3), graph])
    a, kept, removed = split(graph)
    expected = perturbation.general_scores(len(a), kept, removed)
    monkeypatch.setattr(perturbation, "_LARGE", 10)
    found = perturbation.general_scores(len(a), kept, removed)
    assert found.dtype == np.float32
    upper = np.triu_indices(len(a), 1)
    np.testing.assert_allclose(found[upper], expected[upper], atol=2e-6)


def test_large_bipartite_graphs_take_single_precision_last(monkeypatch):
    graph = nx.complete_bipartite_graph(5, 9)
    expected = structural_consistency(graph, repeats=2)
    monkeypatch.setattr(perturbation, "_LARGE", 10)
    kept = np.array(list(nx.bipartite.random_graph(20, 30, 0.2, seed=1).edges)).T
    kept[1] -= 20
    removed, kept = kept[:, ::7], np.delete(kept, np.s_[::7], axis=1)
    single = perturbation.bipartite_scores((20, 30), kept, removed)
    assert single.dtype == np.float32
    assert structural_consistency(graph, repeats=2) == expected
    monkeypatch.setattr(perturbation, "_LARGE", 100)
    double = perturbation.bipartite_scores((20, 30), kept, removed)
    np.testing.assert_allclose(single, double, atol=1e-6)


def direct(graph, repeats, seed=0):
    """Repeat removal, full eigendecomposition and sorting; ties in expectation."""
    a = nx.to_numpy_array(graph, weight=None)
    links = np.array(np.nonzero(np.triu(a, 1)))
    total = links.shape[1]
    count = math.ceil(0.1 * total)
    out = []
    for child in np.random.SeedSequence(seed).spawn(repeats):
        chosen = np.random.default_rng(child).choice(total, count, replace=False)
        removed = links[:, chosen]
        scores, rest = perturbed(a, removed)
        pairs = [
            (scores[i, j], a[i, j])
            for i in range(len(a))
            for j in range(i + 1, len(a))
            if rest[i, j] == 0
        ]
        values = sorted((s for s, _ in pairs), reverse=True)
        limit = values[count - 1]
        above = [link for s, link in pairs if s > limit + 1e-10]
        tied = [link for s, link in pairs if abs(s - limit) <= 1e-10]
        out.append((sum(above) + sum(tied) * (count - len(above)) / len(tied)) / count)
    return out


@pytest.mark.parametrize("graph", GENERAL[:2] + [integers(g) for g in BIPARTITE[:6]])
def test_consistency_by_the_direct_route(graph):
    found = structural_consistency(graph, repeats=4)
    assert found.values == pytest.approx(direct(graph, 4), abs=1e-12)
    assert found == pytest.approx(np.mean(found.values))


def test_isolated_nodes_count_as_candidates_only():
    graph = nx.disjoint_union(nx.star_graph(12), nx.empty_graph(5))
    found = structural_consistency(graph, repeats=3)
    assert found.values == pytest.approx(direct(graph, 3), abs=1e-12)


def test_regular_structure_is_consistent_and_random_structure_is_not():
    assert structural_consistency(nx.complete_bipartite_graph(8, 9)) == 1
    assert structural_consistency(nx.complete_multipartite_graph(6, 6, 6)) == 1
    assert structural_consistency(nx.gnm_random_graph(200, 2000, seed=0), repeats=3) < 0.15


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), bipartite=st.booleans())
def test_consistency_is_a_share(seed, bipartite):
    graph = (
        nx.bipartite.random_graph(10, 12, 0.3, seed=seed)
        if bipartite
        else nx.gnp_random_graph(20, 0.3, seed=seed)
    )
    found = structural_consistency(graph, repeats=2, seed=seed)
    assert 0 <= found <= 1
    again = structural_consistency(graph, repeats=2, seed=seed)
    assert again.values == found.values


def test_an_odd_cycle_is_noticed_in_any_component():
    graph = nx.disjoint_union(nx.path_graph(4), nx.cycle_graph(5))
    matrix = nx.to_scipy_sparse_array(graph, format="csr")
    side = perturbation.two_sides(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64))
    assert (side == -1).all()
    star = nx.to_scipy_sparse_array(nx.star_graph(5), format="csr")
    side = perturbation.two_sides(star.indptr.astype(np.int64), star.indices.astype(np.int64))
    assert side.tolist() == [0, 1, 1, 1, 1, 1]


def test_the_result_is_a_float_with_its_repetitions():
    found = structural_consistency(nx.barabasi_albert_graph(40, 3, seed=0), repeats=5)
    assert isinstance(found, float)
    assert len(found.values) == 5
    assert found.error == pytest.approx(np.std(found.values, ddof=1) / math.sqrt(5))
    assert "repeats=5" in repr(found)
    assert copy.copy(found).values == found.values


@pytest.mark.parametrize(
    ("graph", "options"),
    [
        (nx.empty_graph(5), {}),
        (nx.path_graph(2), {}),
        (nx.path_graph(9), {"fraction": 0}),
        (nx.path_graph(9), {"fraction": 1.0}),
        (nx.path_graph(9), {"repeats": 0}),
    ],
)
def test_wrong_input_is_refused(graph, options):
    with pytest.raises(NetsciError):
        structural_consistency(graph, **options)


def test_measure():
    rng = np.random.default_rng(0)
    topology = Topology.chain([rng.random((30, 40)) < 0.15, rng.random((40, 20)) < 0.15])
    rows = list(_measure(Snapshot(topology), repeats=2))
    named = {(row.scope, row.quantity): row.value for row in rows}
    assert named["network", "structural_consistency"] == float(
        structural_consistency(topology, repeats=2)
    )
    assert {scope for scope, _ in named} == {"network", "layer1", "layer2"}
    empty = Topology.chain([np.zeros((4, 5), bool)])
    with pytest.raises(NotApplicable):
        list(_measure(Snapshot(empty)))
