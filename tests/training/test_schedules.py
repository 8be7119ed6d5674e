import pytest

from netsci_dst import registry
from netsci_dst.recipe import load_recipe
from netsci_dst.training.schedules import learning_rate


def rates(steps, total=100, per_epoch=10, interval=25, **changes):
    rate = learning_rate(load_recipe(**changes), total, per_epoch, interval)
    return [rate(step) for step in steps]


def test_linear_goes_from_the_first_rate_to_the_last():
    assert rates([1, 100]) == pytest.approx([0.025, 2.5e-4])
    assert rates([1, 90, 95, 100], lr_decay_epochs=9) == pytest.approx([0.025] + [2.5e-4] * 3)
    middle = rates([50])[0]
    assert middle == pytest.approx(0.025 + (2.5e-4 - 0.025) * 49 / 99)


def test_multistep_falls_at_shares_of_training():
    found = rates([1, 50, 51, 75, 76, 100], lr=0.1, lr_schedule="multistep")
    assert found == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])


def test_cosine_and_constant():
    found = rates([1, 100], lr=1.0, lr_end=0.0, lr_schedule="cosine")
    assert found == pytest.approx([1.0, 0.0])
    assert rates([1, 77], lr=0.3, lr_schedule="constant") == [0.3, 0.3]
    ramp = rates([1, 5, 10, 50], lr=1.0, lr_schedule="constant", warmup_steps=10)
    assert ramp == pytest.approx([0.1, 0.5, 1.0, 1.0])


def test_noam_and_inoam_by_their_formulas():
    options = {"lr": 2.0, "warmup_steps": 40, "lr_model_dimension": 64, "optimizer": "adam"}
    for t in (1, 39, 40, 41, 90):
        noam = 2.0 * 64**-0.5 * min(t**-0.5, t * 40**-1.5)
        assert rates([t], lr_schedule="noam", **options) == pytest.approx([noam])
        warm = noam * min(1, (t % 25) / 20)
        assert rates([t], lr_schedule="inoam", **options) == pytest.approx([warm])
    peak = rates([40], lr_schedule="noam", lr_is_peak=True, **options)
    assert peak == pytest.approx([2.0])


@pytest.mark.parametrize("name", registry.names("lr schedule"))
def test_rates_are_never_negative(name):
    assert min(rates(range(1, 101), lr_schedule=name, warmup_steps=5)) >= 0
