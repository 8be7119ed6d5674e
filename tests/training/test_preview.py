"""What a dry run measures, and how it adds up."""

import numpy as np
import pytest

from netsci_dst.recipe import load_recipe
from netsci_dst.training.build import Training
from netsci_dst.training.distributed import World
from netsci_dst.training.preview import preview
from netsci_dst.training.preview_times import Times, measured


def training(method, **changes):
    recipe = load_recipe(
        data="digits", method=method, model_options={"hidden": [40, 40]}, epochs=20, **changes
    )
    return Training(recipe, World())


def test_steps_between_two_moments_cost_what_lies_between():
    times = Times({0: [1.0, 1.0, 1.0], 100: [3.0, 3.0, 3.0]}, [5.0, 5.0])
    by_hand = sum(min(1 + 2 * step / 100, 3) for step in range(200))
    assert times.step() == 1
    total, low, high = times.total(200, 4)
    assert total == pytest.approx(by_hand + 4 * 5)
    assert low == pytest.approx(0.9 * total)
    assert high == pytest.approx(1.1 * total)
    ragged = Times({0: [1.0, 2.0, 3.0, 4.0, 100.0]})
    assert ragged.total(10, 0) == pytest.approx((30, 18, 44))


@pytest.mark.parametrize("method", ["granet", "chts", "snfs", "ac-dc", "optg", "dense"])
def test_every_moment_of_the_schedule_is_seen(method):
    made = training(method, **({} if method == "dense" else {"sparsity": 0.95}))
    links = made.controller.topology().n_links
    due = [s for s in range(1, made.total_steps + 1) if made.controller.engine.due(s)]
    times = measured(made, due)
    moments = sorted({due[int(share * len(due))] for share in (0.1, 0.5, 0.9)}) if due else []
    assert list(times.steps) == [0, *moments]
    assert all(len(seconds) >= 2 for seconds in times.steps.values())
    assert len(times.updates) == len(moments)
    assert all(second > 0 for one in times.steps.values() for second in one)
    if method == "granet":  # late steps were made with the few links of then
        assert made.controller.topology().n_links < links / 3


def test_a_short_training_is_measured_too():
    found = preview(data="digits", method="set", sparsity=0.9, steps=3, update_steps=2)
    assert found.hours_low <= found.hours <= found.hours_high
    assert found.update_ms is not None
    assert np.isfinite(found.hours)
