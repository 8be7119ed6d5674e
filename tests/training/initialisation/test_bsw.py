"""The bipartite small world: a lattice of nearest neighbours, partly rewired."""

import numpy as np
import pytest

from netsci_dst.training.initialisation import draw_topology
from netsci_dst.training.initialisation.bsw import ring_lattice


def ring_distance(n_source, n_target):
    """Distance of every pair on the ring, the shorter side scaled to the longer."""
    longer = max(n_source, n_target)
    source = np.arange(n_source)[:, None] * longer / n_source
    target = np.arange(n_target)[None, :] * longer / n_target
    apart = abs(source - target)
    return np.minimum(apart, longer - apart)


@pytest.mark.parametrize("shape", [(12, 12), (12, 30), (30, 12), (13, 29), (40, 7)])
def test_the_lattice_links_the_larger_side_to_its_nearest(shape):
    n_links = 3 * max(shape) + 2
    matrix = np.zeros(shape, bool)
    matrix.ravel()[ring_lattice(*shape, n_links)] = True
    distance = ring_distance(*shape)
    if shape[0] > shape[1]:
        matrix, distance = matrix.T, distance.T
    degree = matrix.sum(axis=0)
    assert degree.sum() == n_links
    assert set(degree.tolist()) == {3, 4}
    for links, d in zip(matrix.T, distance.T):
        assert d[links].max() <= d[~links].min() + 1e-9


@pytest.mark.parametrize("beta", [0.0, 0.25, 1.0])
def test_the_asked_fraction_is_rewired(beta):
    lattice = ring_lattice(200, 300, 3000)
    rng = np.random.default_rng(0)
    keys = draw_topology("bsw", 200, 300, 3000, rng=rng, beta=beta)
    kept = len(np.intersect1d(lattice, keys)) / 3000
    # A rewired link falls on the lattice by chance with probability below 0.05.
    assert 1 - beta <= kept <= 1 - beta + 0.06 * beta + 1e-12


def test_rewiring_everything_is_a_random_network():
    degrees = []
    for seed in range(20):
        keys = draw_topology("bsw", 50, 50, 500, rng=np.random.default_rng(seed), beta=1.0)
        degrees.append(np.bincount(keys % 50, minlength=50))
    # Hypergeometric: 500 of 2,500 positions, 50 per neuron.
    expected = 10 * (1 - 50 / 2500) * (1 - 500 / 2500) * 2500 / 2499
    assert np.var(degrees) == pytest.approx(expected, rel=0.15)
