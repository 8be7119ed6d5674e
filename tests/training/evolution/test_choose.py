import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.errors import NumericalError
from netsci_dst.training.evolution._choose import absent, contains, sample_k, top_k
from netsci_dst.training.evolution._memory import LinkMemory


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.integers(0, 45), st.integers(0, 9))
@settings(deadline=None)
def test_top_k_is_exact_and_takes_the_largest(values, k, seed):
    scores = torch.tensor(values, dtype=torch.float64)
    chosen = top_k(scores, k, seeded(seed))
    assert chosen.unique().numel() == chosen.numel() == min(k, len(values))
    assert torch.equal(chosen, chosen.sort().values)
    rest = np.setdiff1d(np.arange(len(values)), chosen)
    if 0 < chosen.numel() < len(values):
        assert scores[chosen].min() >= scores[rest].max()


@pytest.mark.parametrize("k", [1, 50, 3000])
@pytest.mark.parametrize("kind", ["continuous", "tied", "few positive", "guess too high"])
def test_top_k_of_many_takes_the_largest(k, kind):
    rng = np.random.default_rng(k)
    scores = rng.exponential(size=200_000)
    if kind == "tied":
        scores = rng.integers(0, 30, scores.size).astype(float)
    elif kind == "few positive":
        scores[rng.permutation(scores.size)[40:]] = 0
    elif kind == "guess too high":
        scores[::64] += 10  # the sample from which the bound is guessed
    chosen = top_k(torch.from_numpy(scores), k, seeded()).numpy()
    assert np.unique(chosen).size == k
    assert (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(np.sort(scores[chosen]), np.sort(scores)[-k:])


def test_ties_among_many_are_broken_evenly_over_all_places():
    scores = torch.zeros(200_000)
    scores[:100_000] = 1
    chosen = torch.cat([top_k(scores, 2000, seeded(seed)) for seed in range(20)])
    assert chosen.max() < 100_000
    counts = torch.bincount(chosen // 10_000, minlength=10)
    assert (counts - 4000).abs().max() < 350


def test_ties_are_broken_evenly_and_by_the_seed():
    scores = torch.tensor([2.0, 1.0, 1.0, 1.0, 1.0, 0.0])
    counts = torch.zeros(6)
    for seed in range(2000):
        chosen = top_k(scores, 3, seeded(seed))
        counts[chosen] += 1
        assert torch.equal(chosen, top_k(scores, 3, seeded(seed)))
    assert counts[0] == 2000
    assert counts[5] == 0
    assert (counts[1:5] - 1000).abs().max() < 100


def test_sampling_has_the_probabilities_of_drawing_one_after_the_other():
    weights = np.array([1.0, 2.0, 4.0])
    n, pairs = 20_000, {}
    generator = seeded()
    for _ in range(n):
        pair = tuple(sample_k(torch.from_numpy(weights), 2, 1.0, generator).tolist())
        pairs[pair] = pairs.get(pair, 0) + 1
    total = weights.sum()
    for i, j in ((0, 1), (0, 2), (1, 2)):
        a, b = weights[i], weights[j]
        exact = a / total * b / (total - a) + b / total * a / (total - b)
        assert pairs[i, j] / n == pytest.approx(exact, abs=0.012)


def test_exponents_change_the_weights():
    scores = torch.tensor([1.0, 3.0])
    generator = seeded()
    share = np.mean([int(sample_k(scores, 1, 2.0, generator)) for _ in range(8000)])
    assert share == pytest.approx(0.9, abs=0.015)
    assert sample_k(scores, 1, float("inf"), generator).tolist() == [1]
    even = np.mean([int(sample_k(scores, 1, 0.0, generator)) for _ in range(8000)])
    assert even == pytest.approx(0.5, abs=0.025)


def test_very_unequal_weights_are_still_drawn_exactly():
    scores = torch.logspace(-300, 0, 50, dtype=torch.float64)
    chosen = sample_k(scores, 30, 9.0, seeded())
    assert chosen.tolist() == list(range(20, 50))
    mixed = torch.cat([torch.zeros(5, dtype=torch.float64), scores])
    assert sample_k(mixed, 49, 9.0, seeded()).min() >= 5


def test_zero_weights_come_last():
    scores = torch.tensor([0.0, 1e-30, 0.0, 5.0])
    for seed in range(20):
        assert {1, 3} <= set(sample_k(scores, 3, 1.0, seeded(seed)).tolist())


def test_more_than_two_to_the_24_can_be_sampled():
    chosen = sample_k(torch.ones(2**24 + 100), 50, 1.0, seeded())
    assert chosen.unique().numel() == 50


def test_scores_near_the_largest_number_leave_room_for_others():
    scores = torch.tensor([3.4e38, 1e-8, 2e-8, 3e-8])
    counts = torch.zeros(4)
    for seed in range(300):
        counts[sample_k(scores, 3, 1.0, seeded(seed))] += 1
    assert counts[0] == 300
    # Of the others two of three: the smallest is left out with 3/6 · 2/3 + 2/6 · 3/4.
    assert 300 - counts[1] == pytest.approx(300 * (3 / 6 * 2 / 3 + 2 / 6 * 3 / 4), abs=35)


def test_scores_that_are_no_numbers_are_refused():
    with pytest.raises(NumericalError):
        top_k(torch.tensor([1.0, float("nan"), 0.0]), 2, seeded())
    for value in ("nan", "inf"):
        with pytest.raises(NumericalError):
            sample_k(torch.tensor([1.0, float(value), 0.5]), 2, 1.0, seeded())


@given(
    st.integers(1, 9), st.integers(1, 9), st.integers(0, 80), st.integers(0, 90), st.integers(0, 5)
)
@settings(deadline=None)
def test_absent_links_are_absent_different_and_as_many_as_asked(rows, columns, present, n, seed):
    rng = np.random.default_rng(seed)
    size = rows * columns
    taken = torch.from_numpy(np.sort(rng.choice(size, min(present, size), replace=False)))
    drawn = absent(n, taken, (rows, columns), seeded(seed))
    assert drawn.unique().numel() == drawn.numel() == min(n, size - taken.numel())
    assert not contains(taken, drawn).any()
    sources = torch.from_numpy(np.flatnonzero(rng.random(rows) < 0.5))
    targets = torch.from_numpy(np.flatnonzero(rng.random(columns) < 0.7))
    inside = {u * columns + v for u in sources.tolist() for v in targets.tolist()} - set(
        taken.tolist()
    )
    drawn = absent(n, taken, (rows, columns), seeded(seed), sources, targets)
    assert drawn.unique().numel() == drawn.numel() == min(n, len(inside))
    assert set(drawn.tolist()) <= inside


@pytest.mark.parametrize("n_present", [5, 80])
def test_absent_links_are_drawn_uniformly(n_present):
    taken = torch.arange(n_present)
    counts = torch.zeros(100)
    generator = seeded()
    for _ in range(4000):
        counts[absent(4, taken, (10, 10), generator)] += 1
    expected = 4000 * 4 / (100 - n_present)
    assert counts[:n_present].sum() == 0
    deviation = (counts[n_present:] - expected).abs().max()
    assert deviation < 5 * expected**0.5


def test_a_huge_layer_is_sampled_without_listing_it():
    n = 300_000
    drawn = absent(1000, torch.arange(0, 10_000_000, 7), (n, n), seeded())
    assert drawn.unique().numel() == 1000
    assert drawn.max() > 10**10


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(-5, 5)), max_size=60))
def test_memory_is_a_dictionary_with_sorted_keys(events):
    memory, known = (
        LinkMemory(torch.tensor([3]), torch.tensor([1.0], dtype=torch.float64)),
        {3: 1.0},
    )
    for start in range(0, len(events), 5):
        batch = dict(sorted(events[start : start + 5]))
        known |= batch
        memory.remember(
            torch.tensor(list(batch), dtype=torch.int64),
            torch.tensor(list(batch.values()), dtype=torch.float64),
        )
    assert memory.keys.tolist() == sorted(known)
    assert memory.values.tolist() == [known[key] for key in sorted(known)]
    asked = torch.arange(31)
    assert memory.last_values(asked).tolist() == [known.get(key, 0.0) for key in range(31)]
