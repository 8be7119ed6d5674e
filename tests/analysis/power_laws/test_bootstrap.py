"""The bootstrap test: its samples, its p-value against a plain one, and its calibration."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import zeta

from netsci_dst.analysis.power_laws.bootstrap import alias_table, build_model, draw_above
from netsci_dst.analysis.power_laws.distance import INTEGER
from netsci_dst.analysis.power_laws.fit import fit_power_law
from netsci_dst.errors import NetsciError

from . import _power_law_reference as reference


def test_p_value_agrees_with_a_plain_bootstrap():
    rng = np.random.default_rng(1)
    values = np.ceil(rng.lognormal(1.5, 0.8, 150)).astype(int)
    plain = reference.bootstrap_p(np.random.default_rng(2), values, 200)
    ours = fit_power_law(values, bootstraps=4000, alternatives=False).p_value
    assert 0.02 < ours < 0.98
    assert abs(ours - plain) <= 3.5 * np.sqrt(ours * (1 - ours) / 200)


def test_the_result_depends_on_the_seed_but_not_on_the_workers():
    values = np.random.default_rng(4).geometric(0.1, 500)
    one = fit_power_law(values, bootstraps=501, seed=3, alternatives=False)
    assert fit_power_law(values, bootstraps=501, seed=3, workers=3, alternatives=False) == one
    others = {fit_power_law(values, bootstraps=501, seed=s).p_value for s in range(5)}
    assert len(others) > 1
    assert np.ptp(list(others)) < 0.12


@pytest.mark.parametrize("parametric", [True, False])
def test_p_values_are_uniform_when_the_law_holds(parametric):
    rng = np.random.default_rng(12)
    found = []
    for i in range(250):
        tail = reference.draw(rng, 2.5, 3, 200, top=50_000)
        values = np.concatenate([tail, rng.integers(1, 3, 100)])
        fit = fit_power_law(
            values, xmin=3, bootstraps=199, seed=i, parametric=parametric, alternatives=False
        )
        found.append(fit.p_value)
    assert stats.kstest(found, "uniform").pvalue > 0.01


def test_power_against_a_wrong_law():
    values = np.random.default_rng(6).poisson(30, 1000) + 1
    assert fit_power_law(values, xmin=20, bootstraps=200).p_value == 0
    assert fit_power_law(values, xmin=20, bootstraps=200, parametric=True).outcome == "ruled out"


@pytest.mark.parametrize(("alpha", "above"), [(1.4, 3), (2.5, 1), (2.5, 60), (6.0, 2)])
def test_draws_far_out_follow_the_law(alpha, above):
    state = np.array([12345], dtype=np.uint64)
    drawn = np.array([draw_above(state, float(above), alpha, INTEGER) for _ in range(20_000)])
    edges = np.arange(above, above + 12)
    expected = edges**-alpha / zeta(alpha, above)
    observed = np.array([(drawn == x).sum() for x in edges])
    rest = 20_000 - observed.sum()
    statistic = ((observed - 20_000 * expected) ** 2 / (20_000 * expected)).sum()
    statistic += (rest - 20_000 * (1 - expected.sum())) ** 2 / (20_000 * (1 - expected.sum()))
    assert stats.chi2.sf(statistic, 12) > 1e-3


def test_the_alias_table_holds_the_probabilities():
    rng = np.random.default_rng(8)
    p = rng.random(57) ** 4
    p[3] = 0.0
    p /= p.sum()
    accept, alias = alias_table(p)
    held = accept.copy()
    np.add.at(held, alias, 1 - accept)
    np.testing.assert_allclose(held / 57, p, atol=1e-14)


def test_the_model_of_a_replicate_sums_to_one():
    body, counts = np.array([1.0, 2.0]), np.array([30, 10])
    model = build_model(body, counts, 60, 3.0, 1.7, INTEGER, False, False)
    assert model.n == 100
    assert model.probabilities.sum() == pytest.approx(1)
    assert model.probabilities[:2] == pytest.approx([0.3, 0.1])
    assert model.probabilities[-1] == pytest.approx(0.6 * zeta(1.7, model.above) / zeta(1.7, 3))


def test_very_large_samples_are_drawn_as_histograms():
    counts = np.round(3e8 * np.arange(1, 400) ** -2.5).astype(int)
    fit = fit_power_law(np.arange(1, 400), counts=counts, xmin=1, bootstraps=20)
    assert fit.alpha == pytest.approx(2.5, abs=0.01)
    assert fit.p_value == 0  # cut off at 400, which 400 million values cannot hide


def test_p_value_just_below_the_observed_values_is_that_of_igraph():
    igraph = pytest.importorskip("igraph")
    values = np.ceil(np.random.default_rng(1).lognormal(2, 1, 400)).astype(int)
    fit = fit_power_law(values, bootstraps=4000, support="observed", alternatives=False)
    other = igraph.power_law_fit(values.tolist(), method="discrete", p_precision=0.02)
    assert (fit.xmin, fit.n_tail) == (other.xmin, (values >= other.xmin).sum())
    assert fit.alpha == pytest.approx(other.alpha, abs=1e-3)
    assert fit.ks == pytest.approx(other.D, abs=1e-5)
    assert 0.02 < fit.p_value < 0.98
    assert abs(fit.p_value - other.p) < 4 * np.sqrt(fit.p_value * (1 - fit.p_value) / 625)


@pytest.mark.parametrize("scale", [1e14, 1e17, 1e300])
def test_integers_too_large_to_be_told_apart_are_fitted_as_reals(scale):
    values = np.random.default_rng(0).zipf(2.5, 60) * scale
    large = fit_power_law(values, bootstraps=20, alternatives=False)
    reals = fit_power_law(values, bootstraps=20, alternatives=False, discrete=False)
    assert (large.alpha == reals.alpha) == (scale > 1e15)
    assert 0 <= large.p_value <= 1
    if scale > 1e15:
        with pytest.raises(NetsciError, match="cannot be told apart"):
            fit_power_law(values, bootstraps=0, discrete=True)
