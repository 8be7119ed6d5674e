"""The bipartite scale-free model: a growing graph, made bipartite with its degrees kept."""

import importlib

import numpy as np
import pytest

from netsci_dst.training.initialisation import draw_topology
from netsci_dst.training.initialisation._degrees import join
from netsci_dst.training.initialisation._kernels import barabasi_albert


def degrees(keys, n_source, n_target):
    source, target = np.divmod(keys, n_target)
    return np.bincount(source, minlength=n_source), np.bincount(target, minlength=n_target)


@pytest.mark.parametrize(("n", "n_links"), [(50, 49), (50, 120), (50, 1225), (1000, 3456), (3, 2)])
def test_the_grown_graph_is_simple_and_exact(n, n_links):
    ends = barabasi_albert(n, n_links, np.random.default_rng(0))
    assert ends.shape == (n_links, 2)
    assert (ends[:, 0] > ends[:, 1]).all()
    assert len(np.unique(ends[:, 0] * n + ends[:, 1])) == n_links


def test_the_grown_graph_is_scale_free():
    degree = np.bincount(barabasi_albert(20_000, 60_000, np.random.default_rng(0)).ravel())
    # P(k) = 2 m (m + 1) / (k (k + 1) (k + 2)) for m links per new node.
    tail = (degree >= 12).mean()
    assert tail == pytest.approx(3 * 4 / (12 * 13), rel=0.1)
    assert degree.max() > 200


def test_hubs_on_both_sides_and_degrees_of_the_graph():
    keys = draw_topology("bsf", 400, 400, 2400, rng=np.random.default_rng(0))
    for degree in degrees(keys, 400, 400):
        assert degree.sum() == 2400
        assert degree.max() > 8 * degree.mean()
        assert np.median(degree) < degree.mean()


def test_joining_keeps_degrees():
    rng = np.random.default_rng(3)
    for density in (0.02, 0.3):
        matrix = rng.random((60, 80)) < density
        source, target = matrix.sum(axis=1), matrix.sum(axis=0)
        kept = np.flatnonzero(matrix)[::3]
        keys = join(source, target, kept, rng)
        found = degrees(keys, 60, 80)
        np.testing.assert_array_equal(found[0], source)
        np.testing.assert_array_equal(found[1], target)
        assert np.isin(kept, keys).mean() > 0.6


def test_equal_partition_of_the_first_layer():
    options = {"rng": np.random.default_rng(0), "equal_partition": True}
    inputs, outputs = degrees(draw_topology("bsf", 100, 150, 930, first=True, **options), 100, 150)
    assert set(inputs.tolist()) == {9, 10}
    assert outputs.max() > 4 * outputs.mean()
    inputs, _ = degrees(draw_topology("bsf", 100, 150, 930, **options), 100, 150)
    assert inputs.max() > 30


def test_resorting_aligns_hubs_of_consecutive_layers():
    options = {"rng": np.random.default_rng(0), "resort": True}
    inputs, into = degrees(draw_topology("bsf", 120, 120, 700, first=True, **options), 120, 120)
    out_of, _ = degrees(draw_topology("bsf", 120, 120, 700, **options), 120, 120)
    assert (np.diff(into) <= 0).all()
    assert (np.diff(out_of) <= 0).all()
    assert (np.diff(inputs) > 0).any()
    plain = {"rng": np.random.default_rng(0)}
    _, before = degrees(draw_topology("bsf", 120, 120, 700, first=True, **plain), 120, 120)
    after, _ = degrees(draw_topology("bsf", 120, 120, 700, **plain), 120, 120)
    assert into @ out_of > 1.5 * (before @ after)


@pytest.mark.parametrize(
    ("shape", "density", "options"),
    [
        ((20, 20), 0.8, {}),
        ((50, 50), 0.5, {}),
        ((10, 784), 0.5, {}),
        ((3, 40), 0.5, {"first": True, "equal_partition": True}),
        ((8, 8), 0.9, {"first": True, "equal_partition": True}),
    ],
)
def test_degrees_are_kept_in_dense_layers_wherever_a_simple_graph_has_them(
    shape, density, options, monkeypatch
):
    bsf = importlib.import_module("netsci_dst.training.initialisation.bsf")
    asked = []

    def noting(source_degree, target_degree, kept, rng):
        keys = join(source_degree, target_degree, kept, rng)
        asked.append((source_degree, target_degree, keys))
        return keys

    monkeypatch.setattr(bsf, "join", noting)
    n_source, n_target = shape
    for seed in range(30):
        rng = np.random.default_rng(seed)
        draw_topology("bsf", *shape, round(density * n_source * n_target), rng=rng, **options)
    exist = 0
    for source_degree, target_degree, keys in asked:
        assert keys.size == source_degree.sum()
        if not _graphical(source_degree, target_degree):
            continue
        exist += 1
        assert (np.bincount(keys // n_target, minlength=n_source) == source_degree).all()
        assert (np.bincount(keys % n_target, minlength=n_target) == target_degree).all()
    assert exist > 10


def _graphical(source_degree, target_degree):
    """Gale and Ryser: the k largest sources find enough targets, for every k."""
    largest = np.sort(source_degree)[::-1]
    return all(
        largest[:k].sum() <= np.minimum(target_degree, k).sum() for k in range(1, len(largest) + 1)
    )
