"""Random links: every position equally likely, in memory that follows the links."""

import tracemalloc

import numpy as np

from netsci_dst.training.initialisation import draw_topology
from netsci_dst.training.initialisation._sampling import sample_absent, sample_distinct, share_out


def test_every_position_is_equally_likely():
    for n_links in (3, 9):
        counts = np.zeros(12)
        for seed in range(2000):
            counts[draw_topology("uniform", 3, 4, n_links, rng=np.random.default_rng(seed))] += 1
        expected = 2000 * n_links / 12
        # Deviation of a count is about 20; five of them.
        assert abs(counts - expected).max() < 5 * np.sqrt(expected)


def test_memory_follows_the_links_not_the_layer():
    tracemalloc.start()
    keys = draw_topology("uniform", 200_000, 300_000, 100_000, rng=np.random.default_rng(0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert keys[-1] > 2**32
    assert peak < 20 * 2**20


def test_distinct_and_absent_draws():
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(sample_distinct(7, 7, rng), np.arange(7))
    present = np.array([0, 3, 4, 9])
    counts = np.zeros(10)
    for _ in range(600):
        drawn = sample_absent(10, present, 2, rng)
        assert len(set(drawn.tolist())) == 2
        counts[drawn] += 1
    assert not counts[present].any()
    assert abs(np.delete(counts, present) - 200).max() < 60
    np.testing.assert_array_equal(sample_absent(10, present, 6, rng), [1, 2, 5, 6, 7, 8])


def test_shares_add_up_below_the_cap():
    counts = share_out(95, 10, 10, np.random.default_rng(1))
    assert counts.sum() == 95
    assert counts.max() == 10
