import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.training.evolution import absent as module
from netsci_dst.training.evolution.absent import absent, contains
from netsci_dst.training.evolution.draws import Draws, hashed
from netsci_dst.training.evolution.memory import LinkMemory


def pair(seed=0):
    return Draws(seed, 0).pair(0, 0, 0)


@given(
    st.integers(1, 9), st.integers(1, 9), st.integers(0, 80), st.integers(0, 90), st.integers(0, 5)
)
@settings(deadline=None)
def test_absent_links_are_absent_different_and_as_many_as_asked(rows, columns, present, n, seed):
    rng = np.random.default_rng(seed)
    size = rows * columns
    taken = torch.from_numpy(np.sort(rng.choice(size, min(present, size), replace=False)))
    drawn = absent(n, taken, (rows, columns), pair(seed))
    assert drawn.unique().numel() == drawn.numel() == min(n, size - taken.numel())
    assert not contains(taken, drawn).any()
    sources = torch.from_numpy(rng.random(rows) < 0.5)
    targets = torch.from_numpy(rng.random(columns) < 0.7)
    inside = {
        u * columns + v for u in range(rows) for v in range(columns) if sources[u] and targets[v]
    } - set(taken.tolist())
    drawn = absent(n, taken, (rows, columns), pair(seed), sources, targets)
    assert drawn.unique().numel() == drawn.numel() == min(n, len(inside))
    assert set(drawn.tolist()) <= inside


@pytest.mark.parametrize("n_present", [5, 80])
def test_absent_links_are_drawn_uniformly(n_present):
    taken = torch.arange(n_present)
    counts = torch.zeros(100)
    for seed in range(4000):
        counts[absent(4, taken, (10, 10), pair(seed))] += 1
    expected = 4000 * 4 / (100 - n_present)
    assert counts[:n_present].sum() == 0
    assert (counts[n_present:] - expected).abs().max() < 5 * expected**0.5


@pytest.mark.parametrize("n", [1, 200, 20_000, 79_000])
def test_they_are_those_of_the_largest_numbers(n):
    rng = np.random.default_rng(0)
    taken = torch.from_numpy(np.sort(rng.choice(90_000, 11_000, replace=False)))
    numbers = hashed(torch.arange(90_000), *pair())
    numbers[taken] = -1
    expected = numbers.argsort(descending=True)[:n].sort().values
    assert torch.equal(absent(n, taken, (300, 300), pair()), expected)


def test_a_huge_layer_is_sampled_without_listing_it():
    n = 300_000
    present = torch.arange(0, 10_000_000, 7)
    drawn = absent(1000, present, (n, n), pair())
    assert drawn.unique().numel() == 1000
    assert drawn.max() > 10**10
    assert torch.equal(drawn, absent(1000, present, (n, n), pair()))


def test_positions_of_a_huge_layer_are_drawn_uniformly_between_given_neurons(monkeypatch):
    monkeypatch.setattr(module, "LISTED", 0)
    sources, targets = torch.arange(10) < 4, torch.arange(10) > 6
    counts = torch.zeros(100)
    for seed in range(2000):
        counts[absent(3, torch.tensor([7, 18]), (10, 10), pair(seed), sources, targets)] += 1
    inside = (sources[:, None] & targets[None, :]).reshape(-1)
    inside[[7, 18]] = False
    assert not counts[~inside].any()
    assert (counts[inside] - 600).abs().max() < 5 * 600**0.5


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
