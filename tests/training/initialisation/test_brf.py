"""The bipartite receptive field: weights by ring distance, output degrees as asked."""

import numpy as np
import pytest

from netsci_dst.training.initialisation import draw_topology
from netsci_dst.training.initialisation._kernels import draw_receptive_fields


def ring_weights(n_source, n_target, target, exponent):
    longer = max(n_source, n_target)
    apart = abs(np.arange(n_source) * longer / n_source - target * longer / n_target)
    return (1 + np.minimum(apart, longer - apart)) ** -exponent


def inclusion(weights, k):
    """Probability of each item among k drawn one by one in proportion to weight."""
    if k == 0:
        return np.zeros(len(weights))
    share = weights / weights.sum()
    total = share.copy()
    for i in np.flatnonzero(share):
        rest = weights.copy()
        rest[i] = 0
        total += share[i] * inclusion(rest, k - 1)
    return total


@pytest.mark.parametrize("shape", [(6, 6), (4, 6), (6, 4), (5, 7)])
@pytest.mark.parametrize("exponent", [0.5, 3.0, 45.0])
def test_draws_have_the_weights_of_the_definition(shape, exponent):
    n_source, n_target = shape
    rng = np.random.default_rng(1)
    repeats, degree = 3000, np.full(n_target, 2)
    counts = np.zeros((n_target, n_source))
    for _ in range(repeats):
        source = draw_receptive_fields(n_source, n_target, degree, exponent, rng)
        np.add.at(counts, (np.repeat(np.arange(n_target), 2), source), 1)
    for target in range(n_target):
        expected = inclusion(ring_weights(n_source, n_target, target, exponent), 2)
        deviation = np.sqrt(expected * (1 - expected) / repeats) + 1e-4
        assert (abs(counts[target] / repeats - expected) < 5 * deviation).all()


def test_r_goes_from_nearest_to_random():
    mean = []
    for r in (0.0, 0.1, 0.25, 0.6, 1.0):
        keys = draw_topology("brf", 100, 100, 1000, rng=np.random.default_rng(0), r=r)
        source, target = np.divmod(keys, 100)
        apart = abs(source - target)
        mean.append(np.minimum(apart, 100 - apart).mean())
    assert mean == sorted(mean)
    assert mean[0] == pytest.approx(2.5)
    assert mean[-1] == pytest.approx(25, rel=0.1)


def test_without_randomness_it_is_the_lattice():
    options = {"rng": np.random.default_rng(0)}
    for shape in [(20, 20), (20, 30)]:
        lattice = draw_topology("bsw", *shape, 90 if shape[1] == 30 else 80, beta=0.0, **options)
        field = draw_topology("brf", *shape, len(lattice), r=0.0, **options)
        np.testing.assert_array_equal(lattice, field)


def test_output_degrees_are_fixed_or_allotted():
    rng = np.random.default_rng(0)
    fixed = draw_topology("brf", 80, 60, 623, rng=rng) % 60
    degree = np.bincount(fixed, minlength=60)
    assert set(degree.tolist()) == {10, 11}
    assert (degree == 11).sum() == 23
    allotted = draw_topology("brf", 80, 60, 623, rng=rng, degrees="uniform") % 60
    degree = np.bincount(allotted, minlength=60)
    assert degree.min() >= 1
    assert degree.max() - degree.min() > 5


def test_large_layers_cost_links_not_pairs():
    keys = draw_topology("brf", 60_000, 60_000, 300_000, rng=np.random.default_rng(0))
    assert set(np.bincount(keys % 60_000).tolist()) == {5}
