"""Likelihood-ratio tests against direct sums, closed forms, and the powerlaw package."""

import logging
import warnings

import numpy as np
import pytest
from scipy import stats

from netsci_dst.analysis.power_laws.alternatives import Tail, compare, ratio_test
from netsci_dst.analysis.power_laws.estimate import log_mass
from netsci_dst.analysis.power_laws.fit import fit_power_law


def by_name(fit):
    return {other.name: other for other in fit.alternatives}


def log_likelihood(values, log_weight, xmin, top=2_000_000):
    """The log-likelihood of values under weights normalised by a direct sum over integers."""
    support = np.arange(xmin, top, dtype=float)
    weights = log_weight(support)
    total = np.log(np.exp(weights - weights.max()).sum()) + weights.max()
    return (log_weight(values.astype(float)) - total).sum()


def test_discrete_likelihoods_are_normalised_exactly():
    rng = np.random.default_rng(0)
    values = np.ceil(rng.lognormal(2.0, 0.9, 800)).astype(int)
    fit = fit_power_law(values, xmin=4, bootstraps=0)
    tail = values[values >= 4]
    found = by_name(fit)
    p = found["lognormal"].parameters
    weight = lambda x: -np.log(x) - (np.log(x) - p["mu"]) ** 2 / (2 * p["sigma"] ** 2)  # noqa: E731
    direct = log_likelihood(tail, weight, 4)
    assert fit.log_likelihood - direct == pytest.approx(found["lognormal"].ratio, abs=1e-4)
    p = found["stretched_exponential"].parameters
    weight = lambda x: (p["beta"] - 1) * np.log(x) - (p["rate"] * x) ** p["beta"]  # noqa: E731
    direct = log_likelihood(tail, weight, 4)
    assert fit.log_likelihood - direct == pytest.approx(
        found["stretched_exponential"].ratio, abs=1e-4
    )
    p = found["truncated_power_law"].parameters
    weight = lambda x: -p["alpha"] * np.log(x) - p["rate"] * x  # noqa: E731
    direct = log_likelihood(tail, weight, 4)
    assert fit.log_likelihood - direct == pytest.approx(
        found["truncated_power_law"].ratio, abs=1e-4
    )
    p = found["exponential"].parameters
    direct = log_likelihood(tail, lambda x: -p["rate"] * x, 4, top=5000)
    assert fit.log_likelihood - direct == pytest.approx(found["exponential"].ratio, abs=1e-6)


def test_estimates_are_optimal():
    # No nearby parameters give a higher likelihood, and the true law is found again.
    rng = np.random.default_rng(1)
    support = np.arange(2, 3000)
    weight = support**-1.6 * np.exp(-support / 40)
    values = rng.choice(support, 4000, p=weight / weight.sum())
    other = by_name(fit_power_law(values, xmin=2, bootstraps=0))["truncated_power_law"]
    assert other.parameters["alpha"] == pytest.approx(1.6, abs=0.1)
    assert 1 / other.parameters["rate"] == pytest.approx(40, rel=0.2)
    assert other.better
    best = log_likelihood(
        values, lambda x: -other.parameters["alpha"] * np.log(x) - other.parameters["rate"] * x, 2
    )
    for da, db in ((0.02, 0), (-0.02, 0), (0, 0.001), (0, -0.001)):
        a, b = other.parameters["alpha"] + da, other.parameters["rate"] + db
        assert log_likelihood(values, lambda x, a=a, b=b: -a * np.log(x) - b * x, 2) < best


@pytest.mark.parametrize("alpha", [1.2, 2.5, 8.0])
def test_a_true_power_law_is_not_beaten(alpha):
    rng = np.random.default_rng(3)
    values = 5 * (1 - rng.random(3000)) ** (-1 / (alpha - 1))
    found = by_name(fit_power_law(values, xmin=5, bootstraps=0))
    assert found["truncated_power_law"].ratio <= 1e-6  # it contains the power law
    assert found["exponential"].ratio > 0
    assert not any(found[name].ratio < -4 for name in found)


def test_an_exponential_is_recognised():
    values = np.random.default_rng(5).exponential(3.0, 2000) + 1.0
    fit = fit_power_law(values, xmin=1.0, bootstraps=100)
    found = by_name(fit)["exponential"]
    assert found.better
    assert found.parameters["rate"] == pytest.approx(1 / 3, rel=0.06)
    assert fit.outcome == "ruled out"


def test_continuous_ratios_agree_with_powerlaw():
    powerlaw = pytest.importorskip("powerlaw")
    rng = np.random.default_rng(2)
    values = rng.lognormal(0.3, 1.1, 1500) + 0.5
    ours = by_name(fit_power_law(values, xmin=1.5, bootstraps=0))
    logging.getLogger("powerlaw").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = powerlaw.Fit(values, xmin=1.5, discrete=False, verbose=0)
        for name in ("lognormal", "exponential", "stretched_exponential"):
            ratio, p = theirs.distribution_compare("power_law", name)
            assert ours[name].ratio == pytest.approx(ratio, abs=0.02, rel=0.01)
            assert ours[name].p_value == pytest.approx(p, abs=0.01)


def test_ratio_test_matches_its_formulas():
    rng = np.random.default_rng(8)
    a, b = rng.normal(-3, 1, 200), rng.normal(-3.1, 1, 200)
    ones = np.ones(200, np.int64)
    ratio, p = ratio_test(a, b, ones, nested=False)
    z = (a - b).sum() / (np.sqrt(200) * (a - b).std())
    assert ratio == pytest.approx((a - b).sum())
    assert p == pytest.approx(2 * stats.norm.sf(abs(z)))
    ratio, p = ratio_test(a, b, ones, nested=True)
    assert p == pytest.approx(stats.chi2.sf(2 * abs(ratio), 1))
    assert ratio_test(a, a, ones, nested=False) == (0.0, 1.0)


def test_steep_and_far_tails_do_not_break():
    for values in (np.array([1000, 1000, 1001] * 10), np.array([1, 2, 10**9] * 8)):
        u, counts = np.unique(values, return_counts=True)
        fit = fit_power_law(values, xmin=int(u[0]), bootstraps=10)
        tail = Tail(u.astype(float), counts, float(u[0]), True)
        for other in compare(tail, log_mass(tail.l, tail.xmin, fit.alpha, True)):
            assert np.isfinite(other.ratio)
            assert 0 <= other.p_value <= 1


@pytest.mark.parametrize(
    ("values", "outcome", "says"),
    [
        (np.random.default_rng(0).zipf(2.5, 3000), "not ruled out", "no alternative"),
        (np.random.default_rng(1).zipf(2.5, 30), "too few points", "fewer than 50"),
        (np.random.default_rng(2).integers(1, 60, 2000), "ruled out", "too far"),
    ],
)
def test_the_verdict_says_how_much_the_tail_covers(values, outcome, says):
    fit = fit_power_law(values, bootstraps=200, xmin=1)
    assert fit.outcome == outcome
    assert says in fit.verdict
    assert f"{fit.n_tail} of {values.size} values" in fit.verdict


def test_the_verdict_names_the_better_alternative():
    rng = np.random.default_rng(4)
    support = np.arange(1, 2000)
    weight = support**-1.5 * np.exp(-support / 600)
    values = rng.choice(support, 200, p=weight / weight.sum())
    fit = fit_power_law(values, xmin=1, bootstraps=200)
    assert fit.outcome == "another fits better"
    assert "is more likely (log-likelihood ratio -" in fit.verdict
    assert " < 0.1)" in fit.verdict
