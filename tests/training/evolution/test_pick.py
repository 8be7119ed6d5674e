"""Choosing exactly k of a list, and of stacked rows: the largest, or drawn by score."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.errors import NumericalError
from netsci_dst.training.evolution import draws, pick, select


def pair(seed=0):
    return draws.Draws(seed, 0).pair(0, 0, 0)


def by_list(scores, k, exponent, seed):
    keys = torch.arange(scores.numel())
    return pick.drawn(scores, k, exponent, keys, scores.numel(), pair(seed))


def by_row(scores, k, exponent, seed):
    chance = draws.hashed_grid(torch.arange(scores.numel()), [pair(seed)])
    flat = scores[None]
    if exponent == 0:
        return select.largest(chance, [k])[0].nonzero().flatten()
    value = select.clocked(flat, exponent, chance)
    if exponent != float("inf"):
        value = value.clamp(min=-1e38)
    return select.best(value, chance, [k])[0].nonzero().flatten()


def by_row_on_a_gpu(scores, k, exponent, seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draws, "compiled", lambda tensor: False)
        return by_row(scores, k, exponent, seed)


WAYS = pytest.mark.parametrize("choose", [by_list, by_row, by_row_on_a_gpu])
INF = float("inf")


@WAYS
@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.integers(0, 45), st.integers(0, 9))
@settings(deadline=None, max_examples=30)
def test_the_largest_are_taken_and_exactly_k(choose, values, k, seed):
    for dtype in (torch.float32, torch.float64):
        scores = torch.tensor(values, dtype=dtype)
        chosen = choose(scores, min(k, len(values)), INF, seed)
        assert chosen.unique().numel() == chosen.numel() == min(k, len(values))
        assert torch.equal(chosen, chosen.sort().values)
        rest = np.setdiff1d(np.arange(len(values)), chosen)
        if 0 < chosen.numel() < len(values):
            assert scores[chosen].min() >= scores[rest].max()


@WAYS
@pytest.mark.parametrize("k", [1, 50, 3000])
@pytest.mark.parametrize("kind", ["continuous", "tied", "few positive", "guess too high"])
def test_the_largest_of_many_are_taken(choose, k, kind):
    rng = np.random.default_rng(k)
    scores = rng.exponential(size=200_000)
    if kind == "tied":
        scores = rng.integers(0, 30, scores.size).astype(float)
    elif kind == "few positive":
        scores[rng.permutation(scores.size)[40:]] = 0
    elif kind == "guess too high":
        scores[::64] += 10  # the sample from which the bound is guessed
    chosen = choose(torch.from_numpy(scores), k, INF, 0).numpy()
    assert np.unique(chosen).size == k
    assert (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(np.sort(scores[chosen]), np.sort(scores)[-k:])


@WAYS
def test_ties_among_many_are_broken_evenly_over_all_places(choose):
    scores = torch.zeros(200_000)
    scores[:100_000] = 1
    chosen = torch.cat([choose(scores, 2000, INF, seed) for seed in range(20)])
    assert chosen.max() < 100_000
    counts = torch.bincount(chosen // 10_000, minlength=10)
    assert (counts - 4000).abs().max() < 350


@WAYS
def test_ties_are_broken_evenly_and_by_the_seed(choose):
    scores = torch.tensor([2.0, 1.0, 1.0, 1.0, 1.0, 0.0])
    counts = torch.zeros(6)
    for seed in range(2000):
        chosen = choose(scores, 3, INF, seed)
        counts[chosen] += 1
        if seed < 50:
            assert torch.equal(chosen, choose(scores, 3, INF, seed))
    assert counts[0] == 2000
    assert counts[5] == 0
    assert (counts[1:5] - 1000).abs().max() < 100


@WAYS
def test_sampling_has_the_probabilities_of_drawing_one_after_the_other(choose):
    weights = np.array([1.0, 2.0, 4.0])
    n, pairs = 4_000, {}
    for seed in range(n):
        two = tuple(choose(torch.from_numpy(weights), 2, 1.0, seed).tolist())
        pairs[two] = pairs.get(two, 0) + 1
    total = weights.sum()
    for i, j in ((0, 1), (0, 2), (1, 2)):
        a, b = weights[i], weights[j]
        exact = a / total * b / (total - a) + b / total * a / (total - b)
        assert pairs[i, j] / n == pytest.approx(exact, abs=0.027)


@WAYS
def test_many_are_sampled_in_proportion(choose):
    weights = torch.ones(60_000)
    weights[::3] = 3.0
    chosen = torch.cat([choose(weights, 600, 2.0, seed) for seed in range(10)])
    heavy = (chosen % 3 == 0).float().mean()
    assert float(heavy) == pytest.approx(9 / 11, abs=0.02)


@WAYS
def test_exponents_change_the_weights(choose):
    scores = torch.tensor([1.0, 3.0])
    share = np.mean([int(choose(scores, 1, 2.0, seed)) for seed in range(2500)])
    assert share == pytest.approx(0.9, abs=0.022)
    assert choose(scores, 1, INF, 0).tolist() == [1]
    even = np.mean([int(choose(scores, 1, 0.0, seed)) for seed in range(2500)])
    assert even == pytest.approx(0.5, abs=0.035)


@WAYS
def test_very_unequal_weights_are_still_drawn_exactly(choose):
    scores = torch.logspace(-300, 0, 50, dtype=torch.float64)
    assert choose(scores, 30, 9.0, 0).tolist() == list(range(20, 50))
    mixed = torch.cat([torch.zeros(5, dtype=torch.float64), scores])
    assert choose(mixed, 49, 9.0, 0).min() >= 5


@WAYS
def test_zero_weights_come_last_in_random_order(choose):
    scores = torch.tensor([0.0, 1e-30, 0.0, 5.0])
    third = set()
    for seed in range(20):
        chosen = set(choose(scores, 3, 1.0, seed).tolist())
        assert {1, 3} <= chosen
        third |= chosen - {1, 3}
    assert third == {0, 2}


@WAYS
def test_scores_near_the_largest_number_leave_room_for_others(choose):
    scores = torch.tensor([3.3e38, 1e-8, 2e-8, 3e-8])
    counts = torch.zeros(4)
    for seed in range(300):
        counts[choose(scores, 3, 1.0, seed)] += 1
    assert counts[0] == 300
    # Of the others two of three: the smallest is left out with 3/6 · 2/3 + 2/6 · 3/4.
    assert 300 - counts[1] == pytest.approx(300 * (3 / 6 * 2 / 3 + 2 / 6 * 3 / 4), abs=35)


def test_more_than_two_to_the_24_can_be_sampled():
    assert by_list(torch.ones(2**24 + 100), 50, 1.0, 0).unique().numel() == 50


def test_scores_that_are_no_numbers_are_refused():
    with pytest.raises(NumericalError):
        by_list(torch.tensor([1.0, float("nan"), 0.0]), 2, INF, 0)
    for value in ("nan", "inf"):
        with pytest.raises(NumericalError):
            by_list(torch.tensor([1.0, float(value), 0.5]), 2, 1.0, 0)


@pytest.mark.parametrize("exponent", [INF, 0.0, 1.0, 3.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_list_and_stacked_rows_choose_the_same(exponent, dtype):
    rng = np.random.default_rng(1)
    scores = torch.from_numpy(rng.exponential(size=5000).round(2)).to(dtype)
    for seed in range(5):
        expected = by_list(scores, 700, exponent, seed)
        assert torch.equal(by_row(scores, 700, exponent, seed), expected)
        assert torch.equal(by_row_on_a_gpu(scores, 700, exponent, seed), expected)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rows_have_counts_of_their_own(compiled, dtype, monkeypatch):
    monkeypatch.setattr(draws, "compiled", lambda tensor: compiled)
    scores = torch.from_numpy(np.random.default_rng(0).integers(-3, 4, (5, 60))).to(dtype)
    chance = draws.hashed_grid(torch.arange(60), [pair(i) for i in range(5)])
    for counts in ([0, 1, 20, 59, 60], [0, 3, 7, 11, 29], [8] * 5, [0] * 5):
        mask = select.best(scores, chance, counts)
        assert mask.sum(1).tolist() == counts
        for row, chosen, k in zip(scores, mask, counts):
            if 0 < k < 60:
                assert row[chosen].min() >= row[~chosen].max()
        same = select.best_per_row(scores, chance, torch.tensor(counts))
        assert torch.equal(same, mask)


def test_the_largest_over_several_tensors_together():
    rng = np.random.default_rng(0)
    shapes = [(3, 40), (1, 25), (200,)]
    scores = [torch.from_numpy(rng.integers(0, 5, shape)).float() for shape in shapes]
    room = [torch.from_numpy(rng.random(shape) < 0.8) for shape in shapes]
    chance = [torch.from_numpy(rng.integers(0, 3, shape)) for shape in shapes]  # with equal ones
    for count in (0, 1, 50, 100, 10_000):
        chosen = select.best_of_all(list(zip(scores, chance)), count, room)
        inside = torch.cat([s[r] for s, r in zip(scores, room)])
        wanted = min(count, inside.numel())
        got = torch.cat([s[c] for s, c in zip(scores, chosen)])
        assert got.numel() == wanted
        assert not any((c & ~r).any() for c, r in zip(chosen, room))
        assert torch.equal(got.sort().values, inside.sort().values[inside.numel() - wanted :])


def test_numbers_are_uniform_independent_and_different():
    keys = torch.arange(2**16)
    stream = draws.Draws(3, 7)
    u = [
        draws.uniform(draws.hashed(keys, *stream.pair(layer, 0, purpose)), torch.float64)
        for layer, purpose in ((0, 0), (0, 1), (1, 0))
    ]
    for one in u:
        assert one.unique().numel() == keys.numel()
        counts = torch.histc(one, 64, 0, 1)
        assert float(((counts - 1024) ** 2 / 1024).sum()) < 110  # chi-square, 63 degrees
    for a, b in ((u[0], u[1]), (u[0], u[2]), (u[0][:-1], u[0][1:])):
        assert abs(float(torch.corrcoef(torch.stack([a, b]))[0, 1])) < 0.015
    z = draws.normal(draws.hashed(keys, *stream.pair(0, 0, 2)))
    assert abs(float(z.mean())) < 0.015
    assert float(z.std()) == pytest.approx(1, abs=0.01)
    single = draws.uniform(torch.tensor([0, draws.WORD]), torch.float32)
    assert single.min() > 0
    assert single.max() < 1


def test_loops_and_whole_tensors_hash_alike(monkeypatch):
    keys, pairs = torch.arange(0, 2**32, 2**21), [pair(1), pair(2)]
    loops = draws.hashed_grid(keys, pairs)
    monkeypatch.setattr(draws, "compiled", lambda tensor: False)
    assert torch.equal(loops, draws.hashed_grid(keys, pairs))
    assert torch.equal(loops[1], draws.hashed(keys, *pairs[1]))
