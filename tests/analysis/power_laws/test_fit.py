"""Power-law fits against plain references, published values, and simulation with known truth."""

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.analysis.power_laws.fit import (
    cht_gamma,
    compare_distributions,
    fit_power_law,
    power_law,
    power_law_spread,
    power_law_test,
)
from netsci_dst.errors import NetsciError
from netsci_dst.snapshots import Snapshot
from netsci_dst.topology import Topology

from . import _power_law_reference as reference


def samples():
    rng = np.random.default_rng(7)
    return {
        "zipf": rng.zipf(2.3, 400),
        "poisson": rng.poisson(12, 300) + 1,
        "geometric": rng.geometric(0.08, 300),
        "lognormal": np.ceil(rng.lognormal(2, 1, 250)).astype(int),
        "gaps": np.array([1, 1, 1, 2, 5, 40, 41, 300, 300, 5000, 90000]),
    }


SAMPLES = samples()


@pytest.mark.parametrize("name", ["poisson", "geometric", "lognormal"])
def test_fit_agrees_with_a_plain_search_over_all_candidates(name):
    values = SAMPLES[name]
    xmin, alpha, ks = reference.fit(values)
    fit = fit_power_law(values, bootstraps=0, alternatives=False)
    assert fit.xmin == xmin
    assert fit.alpha == pytest.approx(alpha, rel=1e-6)
    assert fit.ks == pytest.approx(ks, rel=1e-6)
    assert fit.n_tail == (values >= xmin).sum()


@pytest.mark.parametrize(("name", "xmin"), [("zipf", 1), ("zipf", 3), ("gaps", 1), ("poisson", 4)])
def test_fit_with_xmin_fixed(name, xmin):
    values = SAMPLES[name]
    tail = values[values >= xmin]
    alpha = reference.alpha_mle(tail, xmin)
    fit = fit_power_law(values, xmin=xmin, bootstraps=0, alternatives=False)
    assert fit.alpha == pytest.approx(alpha, rel=1e-6)
    assert fit.ks == pytest.approx(reference.ks_distance(tail, xmin, fit.alpha), rel=1e-9)
    assert (fit.xmin, fit.n_tail) == (xmin, tail.size)


def test_xmin_that_no_value_has():
    values = np.array([1, 2, 2, 5, 9, 9, 10, 12, 17, 30, 31, 44, 90, 100])
    tail = values[values >= 7]
    fit = fit_power_law(values, xmin=7, bootstraps=200, alternatives=False)
    assert fit.alpha == pytest.approx(reference.alpha_mle(tail, 7), rel=1e-6)
    assert fit.ks == pytest.approx(reference.ks_distance(tail, 7, fit.alpha), rel=1e-9)
    assert 0 <= fit.p_value <= 1


def test_continuous_data():
    rng = np.random.default_rng(3)
    values = 2.5 * (1 - rng.random(2000)) ** (-1 / 1.4)
    fit = fit_power_law(values, xmin=2.5, bootstraps=200)
    assert not fit.discrete
    assert fit.alpha == pytest.approx(1 + 2000 / np.log(values / 2.5).sum(), rel=1e-12)
    assert fit.sigma == pytest.approx((fit.alpha - 1) / math.sqrt(2000))
    model = 1 - (np.sort(values) / 2.5) ** (1 - fit.alpha)
    i = np.arange(2000)
    assert fit.ks == pytest.approx(
        max(abs(model - i / 2000).max(), abs(model - (i + 1) / 2000).max())
    )
    assert fit.p_value > 0.05
    assert fit_power_law(values, bootstraps=0).alpha == pytest.approx(2.4, abs=0.15)


def test_continuous_estimate_of_integers_on_demand():
    values = SAMPLES["lognormal"]
    fit = fit_power_law(values, xmin=8, discrete=False, bootstraps=0)
    tail = values[values >= 8]
    assert fit.alpha == pytest.approx(1 + tail.size / np.log(tail / 8).sum())


# Clauset, Shalizi & Newman 2009, table 6.1: xmin, its error, alpha, its error, p, and n_tail.
TABLE = {
    "words": (7, 2, 1.95, 0.02, 0.49, 2958, 987),
    "terrorism": (12, 4, 2.4, 0.2, 0.68, 547, 1663),
    "blackouts": (230e3, 90e3, 2.3, 0.3, 0.62, 59, 35),
    "cities": (52.46e3, 11.88e3, 2.37, 0.08, 0.76, 580, 177),
    "surnames": (111.92e3, 40.67e3, 2.5, 0.2, 0.20, 239, 215),
    "flares": (323, 89, 1.79, 0.02, 1.00, 1711, 384),
    "fires": (6324, 3487, 2.2, 0.3, 0.05, 521, 6801),
    "quakes": (0.794e3, 80.198e3, 1.64, 0.04, 0.00, 11697, 2159),
}


@pytest.mark.parametrize("name", TABLE)
def test_published_values(name, shared_data):
    values = np.loadtxt(shared_data / "degree_sequences" / f"{name}.txt")
    xmin, xmin_error, alpha, alpha_error, p, n_tail, n_tail_error = TABLE[name]
    replicates = 100 if name == "cities" else 400
    fit = fit_power_law(values, bootstraps=replicates, alternatives=False)
    assert abs(fit.xmin - xmin) <= xmin_error
    assert abs(fit.alpha - alpha) <= alpha_error
    assert abs(fit.n_tail - n_tail) <= n_tail_error
    if name != "words":  # 0.49 is printed; igraph finds 0.64 and we 0.68
        assert abs(fit.p_value - p) <= 0.17
    assert (fit.p_value > 0.1) == (p > 0.1)


def test_published_value_of_a_histogram(shared_data):
    table = np.loadtxt(shared_data / "degree_sequences" / "weblinks.hist", skiprows=1, dtype=int)
    fit = fit_power_law(table[:, 0], xmin=3684, counts=table[:, 1], bootstraps=0)
    assert (fit.n, fit.n_tail) == (276_588_688, 28_986)
    assert fit.alpha == pytest.approx(2.336, abs=0.009)
    free = fit_power_law(table[:, 0], counts=table[:, 1], bootstraps=20)
    assert free.p_value == 0
    assert free.ks <= fit.ks


def test_exponent_lies_within_two_sigma_of_the_truth():
    rng = np.random.default_rng(11)
    hits, covered = 0, 0
    for i in range(400):
        alpha, xmin = 1.6 + 0.01 * (i % 200), 1 + i % 5
        values = rng.zipf(alpha, 60_000)
        values = values[values >= xmin][:300]
        fit = fit_power_law(values, xmin=xmin, bootstraps=0, alternatives=False)
        hits += abs(fit.alpha - alpha) <= 2 * fit.sigma
        covered += fit.confidence_interval[0] <= alpha <= fit.confidence_interval[1]
    assert hits >= 0.92 * 400
    assert 0.92 * 400 <= covered <= 0.98 * 400


def test_gamma_agrees_with_the_whole_grid():
    rng = np.random.default_rng(5)
    small = rng.zipf(2.5, 60)
    small = small[small < 3000]
    for values in (SAMPLES["geometric"], SAMPLES["poisson"], SAMPLES["lognormal"], small):
        assert cht_gamma(values) == pytest.approx(reference.plfit_gamma(values), abs=1e-9)
        assert fit_power_law(values, bootstraps=0).gamma == cht_gamma(values)


def test_gamma_is_capped_and_needs_two_values():
    assert cht_gamma(np.full(200, 20) + np.arange(200) % 3) == 10.0
    assert math.isnan(cht_gamma([4, 4, 4]))
    assert cht_gamma([0, 0, *SAMPLES["geometric"]]) == cht_gamma(SAMPLES["geometric"])


def test_gamma_of_large_integers_is_continuous():
    rng = np.random.default_rng(2)
    values = np.floor(5000 * (1 - rng.random(400)) ** (-1 / 1.5))
    logs, order = np.log(np.sort(values)), np.sort(values)
    best = (np.inf, np.nan)
    for xmin in np.unique(values)[:-1]:
        tail = logs[order >= xmin] - np.log(xmin)
        alpha = 1 + tail.size / tail.sum()
        ks = np.abs(1 - np.exp((1 - alpha) * tail) - np.arange(tail.size) / tail.size).max()
        best = min(best, (ks, alpha))
    assert cht_gamma(values) == pytest.approx(best[1], rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=0, max_size=80), st.randoms(use_true_random=False))
def test_any_integers_give_an_answer_that_order_does_not_change(values, random):
    fit = fit_power_law(values, bootstraps=20)
    assert fit.verdict
    assert fit.verdict.startswith(fit.outcome)
    shuffled = list(values)
    random.shuffle(shuffled)
    assert repr(fit_power_law(shuffled, bootstraps=20)) == repr(fit)
    if fit.n_tail:
        assert fit.alpha > 1
        assert 0 <= fit.ks <= 1
        assert fit.confidence_interval[0] < fit.alpha < fit.confidence_interval[1]


def test_histogram_equals_the_values_themselves():
    values = SAMPLES["geometric"]
    u, counts = np.unique(values, return_counts=True)
    assert fit_power_law(u, counts=counts, bootstraps=50) == fit_power_law(values, bootstraps=50)


def test_scale_does_not_matter_for_real_numbers():
    rng = np.random.default_rng(9)
    values = rng.pareto(1.7, 500) + 1.0
    one = fit_power_law(values, bootstraps=100)
    two = fit_power_law(values * 0.37, bootstraps=100)
    assert two.alpha == pytest.approx(one.alpha)
    assert two.xmin == pytest.approx(one.xmin * 0.37)
    assert two.p_value == one.p_value
    for a, b in zip(one.alternatives, two.alternatives, strict=True):
        assert a.ratio == pytest.approx(b.ratio, abs=1e-4)


@pytest.mark.parametrize(
    ("values", "outcome", "says"),
    [
        ([], "too few points", "no values"),
        ([0] * 50, "too few points", "all 50 values are zero"),
        ([3] * 50, "no variation", "equal"),
        ([0, 0, *[3] * 50], "no variation", "equal"),
        ([1, 2, 3, 4], "too few points", "at least 10"),
    ],
)
def test_degenerate_values_get_a_stated_answer(values, outcome, says):
    fit = fit_power_law(values)
    assert fit.outcome == outcome
    assert says in fit.verdict
    assert fit.n == len(values)
    for name in ("alpha", "sigma", "xmin", "ks", "p_value", "gamma"):
        assert math.isnan(getattr(fit, name))


def test_fixed_xmin_beyond_the_data():
    fit = fit_power_law(SAMPLES["geometric"], xmin=10_000)
    assert fit.outcome == "too few points"
    assert "xmin = 10000" in fit.verdict


@pytest.mark.parametrize(
    ("values", "options", "says"),
    [
        ([1, 2, -3], {}, "at least 0"),
        ([1.0, math.nan], {}, "NaN"),
        ([1.0, math.inf], {}, "infinite"),
        (["a"], {}, "numbers"),
        ([1, 2], {"xmin": 0}, "xmin"),
        ([1, 2], {"xmin": 1.5}, "whole"),
        ([1, 2], {"bootstraps": -1}, "bootstraps"),
        ([1, 2], {"workers": 0}, "workers"),
        ([1.5, 2], {"discrete": True}, "integers"),
        ([1, 2], {"support": "some"}, "support"),
        ([1.5, 2], {"support": "observed"}, "integers"),
        ([1, 2], {"counts": [1]}, "counts"),
        ([1, 2], {"counts": [1, -1]}, "counts"),
    ],
)
def test_nonsense_is_refused_in_one_line(values, options, says):
    with pytest.raises(NetsciError, match=says) as caught:
        fit_power_law(values, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "alpha", "xmin", "n_tail"), [("words", 0.02, 2, 987), ("terrorism", 0.2, 4, 1663)]
)
def test_published_errors(name, alpha, xmin, n_tail, shared_data):
    # The errors of table 6.1, which are themselves from a few hundred resamples.
    values = np.loadtxt(shared_data / "degree_sequences" / f"{name}.txt")
    spread = power_law_spread(values, resamples=300)
    assert spread.alpha == pytest.approx(alpha, rel=0.5)
    assert spread.xmin == pytest.approx(xmin, rel=0.5)
    assert spread.n_tail == pytest.approx(n_tail, rel=0.5)
    fit = fit_power_law(values, bootstraps=0, alternatives=False)
    assert spread.alpha_interval[0] < fit.alpha < spread.alpha_interval[1]
    assert spread.alpha >= fit.sigma  # it includes the choice of xmin


def test_spread_of_degenerate_values():
    assert math.isnan(power_law_spread([3] * 20, resamples=10).alpha)
    with pytest.raises(NetsciError, match="resamples"):
        power_law_spread([1, 2], resamples=1)


def test_compare_distributions_is_part_of_the_fit():
    values = SAMPLES["lognormal"]
    fit = fit_power_law(values, xmin=3, bootstraps=0)
    assert compare_distributions(values, xmin=3) == fit.alternatives
    assert [other.name for other in fit.alternatives] == [
        "lognormal", "exponential", "stretched_exponential", "truncated_power_law"
    ]  # fmt: skip
    assert compare_distributions([1, 1, 1]) == ()


def test_measures_hold_the_fit_of_each_scope(synthetic_run):
    snapshot = synthetic_run.snapshots[-1]
    topology = snapshot.topology
    values = {(v.scope, v.quantity): v.value for v in power_law(snapshot)}
    tests = {(v.scope, v.quantity): v for v in power_law_test(snapshot, bootstraps=50)}
    parts = {"network": topology.degrees, "hidden": hidden_degrees(topology)}
    parts |= {layer.name: topology.part([layer.name]).degrees for layer in topology.layers}
    assert {scope for scope, _ in values} == set(parts)
    for scope, degrees in parts.items():
        fit = fit_power_law(degrees, bootstraps=50)
        for quantity in ("alpha", "sigma", "xmin", "ks", "n_tail", "gamma"):
            assert values[scope, quantity] == pytest.approx(getattr(fit, quantity), nan_ok=True)
        assert tests[scope, "p_value"].value == pytest.approx(fit.p_value, nan_ok=True)
        assert tests[scope, "verdict"].text == fit.verdict


def hidden_degrees(topology):
    """Links of each hidden neuron, those from the input and to the output too, one by one."""
    ends = np.concatenate(topology.links())
    inner = [p.name for p in topology.populations if p.role == "hidden"]
    nodes = np.concatenate([np.arange(topology.n_nodes)[topology.nodes(name)] for name in inner])
    return np.array([(ends == node).sum() for node in nodes])


def test_survivals_p_is_computed_beside_ours_at_its_xmin(synthetic_run):
    snapshot = synthetic_run.snapshots[-1]
    rows = power_law_test(snapshot, bootstraps=80, survival_xmin=4)
    tests = {(v.scope, v.quantity): v.value for v in rows}
    degrees = hidden_degrees(snapshot.topology)
    fit = fit_power_law(degrees, xmin=4, bootstraps=80, parametric=True)
    assert tests["hidden", "survival_n_tail"] == (degrees >= 4).sum()
    assert tests["hidden", "survival_p_value"] == pytest.approx(fit.p_value)
    assert tests["hidden", "survival_alpha"] == pytest.approx(fit.alpha)
    karate = Snapshot(Topology.network(nx.karate_club_graph()))
    rows = power_law_test(karate, bootstraps=20)
    assert not [v for v in rows if v.quantity.startswith("survival")]
