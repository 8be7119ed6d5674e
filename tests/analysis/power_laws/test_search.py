"""The pruned search for xmin against the search that passes over nothing."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.analysis.power_laws import gamma as gamma_file
from netsci_dst.analysis.power_laws.distance import (
    INTEGER,
    LOWER,
    OBSERVED,
    REAL,
    distance,
    exponent,
    suffixes,
)
from netsci_dst.analysis.power_laws.fit import cht_gamma, fit_power_law
from netsci_dst.analysis.power_laws.search import search
from netsci_dst.errors import NetsciError


def sample(seed, size, shape):
    rng = np.random.default_rng(seed)
    return {
        "pareto": lambda: rng.pareto(1.4, size) + 1,
        "lognormal": lambda: rng.lognormal(0, 2, size),
        "uniform": lambda: rng.random(size) + 0.1,
        "exponential": lambda: rng.exponential(1, size) + 0.01,
        "two parts": lambda: np.r_[rng.lognormal(0, 0.5, size // 2), rng.pareto(2, size // 2) + 3],
        "repeats": lambda: np.round(rng.pareto(1.4, size) + 1, 1),
    }[shape]()


SHAPES = ["pareto", "lognormal", "uniform", "exponential", "two parts", "repeats"]


def prepared(values):
    u, counts = np.unique(values, return_counts=True)
    logs = np.log(u)
    tail, tail_logs = np.empty(u.size + 1, np.int64), np.empty(u.size + 1)
    suffixes(logs, counts, u.size, tail, tail_logs)
    return u, logs, tail, tail_logs


def exhaustive(u, logs, tail, tail_logs, kind, first=0, last=None):
    best = (-1, math.nan, math.inf)
    for i in range(first, u.size - 1 if last is None else last):
        s = exponent(u[i], logs[i], tail[i], tail_logs[i], kind)
        d = distance(u, logs, tail, u.size, i, u[i], logs[i], s, kind, math.inf)
        if d < best[2]:
            best = (i, s, d)
    return best


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    size=st.integers(400, 2500),
    shape=st.sampled_from(SHAPES),
    kind=st.sampled_from([REAL, INTEGER, OBSERVED]),
)
def test_the_same_xmin_as_the_exhaustive_search(seed, size, shape, kind):
    values = sample(seed, size, shape)
    if kind != REAL:
        values = np.floor(values * 100) + 1
    given = prepared(values)
    start, s, ks = search(*given, given[0].size, kind, 0, given[0].size - 1)
    place, truth_s, truth_ks = exhaustive(*given, kind)
    # Distances that rounding alone tells apart count as equal: then the smaller xmin.
    assert ks == pytest.approx(truth_ks, rel=1e-9)
    assert start == place
    assert s == truth_s


@pytest.mark.parametrize("shape", SHAPES)
def test_gamma_is_that_of_the_exhaustive_search(shape):
    values = sample(3, 1500, shape)
    u, logs, tail, tail_logs = prepared(values)
    best, limit = math.nan, math.inf
    for i in range(u.size - 1):
        s = exponent(u[i], logs[i], tail[i], tail_logs[i], REAL)
        d = distance(u, logs, tail, u.size, i, u[i], logs[i], s, LOWER, math.inf)
        if d < limit:
            best, limit = s, d
    assert cht_gamma(values) == best
    found, _ = gamma_file._search(u, logs, tail, tail_logs, REAL)
    assert found == best


@pytest.mark.parametrize("shape", ["pareto", "two parts", "repeats"])
def test_xmin_between_bounds(shape):
    values = sample(5, 1200, shape)
    low, high = np.quantile(values, [0.3, 0.5])
    fit = fit_power_law(values, xmin=(low, high), bootstraps=0)
    u, *rest = prepared(values)
    first, last = np.searchsorted(u, low), np.searchsorted(u, high, side="right")
    place, s, ks = exhaustive(u, *rest, REAL, first, last)
    assert (fit.xmin, fit.alpha) == (u[place], s)
    assert fit.ks == pytest.approx(ks)
    # Replicates search between the same bounds, so that the test is of the same procedure.
    tested = fit_power_law(values, xmin=(low, high), bootstraps=60)
    assert 0 <= tested.p_value <= 1
    assert fit_power_law(values, xmin=(0, math.inf), bootstraps=40) == fit_power_law(
        values, bootstraps=40
    )


def test_bounds_that_leave_nothing_or_make_no_sense():
    values = sample(1, 300, "pareto")
    nothing = fit_power_law(values, xmin=(1e7, 1e9))
    assert nothing.outcome == "too few points"
    assert "lies between 1e+07 and 1e+09" in nothing.verdict
    with pytest.raises(NetsciError, match="range of xmin"):
        fit_power_law(values, xmin=(5, 2))


def test_progress_is_told_to_the_end():
    told = []
    values = sample(2, 300, "repeats")
    with_it = fit_power_law(values, bootstraps=130, progress=lambda *at: told.append(at))
    assert told[-1] == (130, 130)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert len(told) > 10
    assert with_it.p_value == fit_power_law(values, bootstraps=130, workers=2).p_value


def test_the_package_powerlaw_is_handed_the_same_tail():
    values = np.random.default_rng(0).zipf(2.3, 2000)
    fit = fit_power_law(values, xmin=2, bootstraps=0)
    other = fit.to_powerlaw()
    assert other.xmin == 2
    assert other.power_law.alpha == pytest.approx(fit.alpha, rel=2e-3)
    assert (np.sort(other.data) == np.sort(values[values >= 2])).all()
    steep = fit_power_law(np.random.default_rng(1).pareto(4, 3000) + 1, xmin=1, bootstraps=0)
    assert steep.to_powerlaw().power_law.alpha == pytest.approx(steep.alpha, rel=1e-3)
    with pytest.raises(NetsciError, match="no fit"):
        fit_power_law([1, 1, 1]).to_powerlaw()
