import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from netsci_dst.analysis import (
    analyze,
    mean_and_error,
    paired_wilcoxon,
    rank_correlations,
    spearman_interval,
)
from netsci_dst.errors import NetsciError

from .conftest import make_run


def test_mean_and_standard_error():
    values = [98.81, 98.76, 98.90, 98.70]
    found = mean_and_error(values)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.error == pytest.approx(stats.sem(values))
    assert mean_and_error([1, np.nan, 3]).n == 2
    assert math.isnan(mean_and_error([5]).error)
    assert math.isnan(mean_and_error([]).mean)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=1, max_size=30))
def test_wilcoxon_against_scipy(pairs):
    a, b = np.array(pairs).T
    found = paired_wilcoxon(a, b)
    changed = (a - b)[a != b]
    assert found.n == changed.size
    assert 0 <= found.p_value <= 1
    assert found.difference == pytest.approx(np.median(a - b))
    if changed.size:
        sizes = np.abs(changed) / np.abs(changed).max()
        tied = np.unique(np.round(sizes, 12)).size < changed.size
        if not tied:
            truth = stats.wilcoxon(changed, method="exact").pvalue
            assert found.p_value == pytest.approx(min(1.0, truth))
    back = paired_wilcoxon(b, a)
    assert back.p_value == pytest.approx(found.p_value)
    assert back.difference == pytest.approx(-found.difference)


def test_wilcoxon_of_few_pairs():
    assert paired_wilcoxon([1, 2, 3], [1, 2, 3]) == (0.0, 1.0, 0)
    # Five pairs, all one way: 2 / 2^5.
    assert paired_wilcoxon([2, 4, 6, 8, 10], [1, 2, 3, 4, 5]).p_value == pytest.approx(2 / 32)
    assert paired_wilcoxon([1, np.nan, 3], [0, 1, 1]).n == 2
    with pytest.raises(NetsciError, match="as many values"):
        paired_wilcoxon([1, 2], [1])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-4, 4).filter(bool), min_size=1, max_size=9))
def test_wilcoxon_with_equal_differences_counts_all_signs(differences):
    ranks = stats.rankdata(np.abs(differences))
    observed = ranks[np.array(differences) > 0].sum()
    sums = np.array([np.dot(s, ranks) for s in itertools.product((0, 1), repeat=len(ranks))])
    truth = min(1.0, 2 * min((sums <= observed).mean(), (sums >= observed).mean()))
    found = paired_wilcoxon(np.array(differences) / 3, np.zeros(len(differences)))
    assert found.p_value == pytest.approx(truth)
    assert found.p_value >= 2.0 ** (1 - len(ranks))


def test_wilcoxon_of_differences_that_rounding_tells_apart():
    a, b = [0.9, 0.8, 0.7, 0.5, 0.4, 0.3], [0.8, 0.7, 0.6, 0.6, 0.3, 0.2]
    assert len({round(x - y, 15) for x, y in zip(a, b)}) == 2
    assert len({abs(x - y) for x, y in zip(a, b)}) > 1
    assert paired_wilcoxon(a, b).p_value == pytest.approx(2 * 7 / 64)


def test_wilcoxon_of_many_pairs_joins_the_approximation():
    rng = np.random.default_rng(0)
    for shift in (0.0, 0.1, 0.2):
        d = rng.normal(shift, 1, 199)
        assert paired_wilcoxon(d, 0 * d).p_value == pytest.approx(
            stats.wilcoxon(d, method="approx").pvalue, rel=0.1
        )
    d = rng.normal(0.2, 1, 300)
    assert paired_wilcoxon(d, 0 * d).p_value == stats.wilcoxon(d, method="approx").pvalue


def test_spearman_with_its_interval():
    rng = np.random.default_rng(0)
    x = rng.normal(size=60)
    y = x + rng.normal(size=60)
    found = spearman_interval(x, y)
    truth = stats.spearmanr(x, y)
    assert found.rho == pytest.approx(truth.statistic)
    assert found.p_value == pytest.approx(truth.pvalue)
    assert found.low < found.rho < found.high
    assert found == spearman_interval(x, y)
    assert math.isnan(spearman_interval([1, 2], [1, 2]).rho)
    assert math.isnan(spearman_interval([1, 1, 1], [1, 2, 3]).rho)
    exact = spearman_interval(np.arange(9), np.arange(9) ** 3)
    assert exact.rho == pytest.approx(1)
    assert exact.low == pytest.approx(1)


def test_intervals_cover_the_truth():
    # Normal pairs with Pearson 0.5 have Spearman 6/π asin(0.25).
    truth = 6 / np.pi * np.arcsin(0.25)
    rng = np.random.default_rng(1)
    hits = 0
    for seed in range(150):
        x, y = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], size=60).T
        found = spearman_interval(x, y, bootstraps=400, seed=seed)
        hits += found.low <= truth <= found.high
    assert hits / 150 > 0.88


def test_rank_correlations_accuracy(tmp_path):
    runs = []
    for i, density in enumerate((0.06, 0.1, 0.14, 0.2, 0.26)):
        run = make_run(
            tmp_path / f"r{i}", (16, 20, 20, 12), density, 2, seed=i, accuracy=0.5 + density
        )
        analyze(run, ["credit_paths", "assortativity"])
        runs.append(run)
    frame = rank_correlations(runs, bootstraps=200)
    paths = frame[frame["quantity"] == "paths"].iloc[0]
    assert paths["rho"] == pytest.approx(1)  # denser runs were given a better accuracy
    assert paths["n"] == 5
    assert (frame["rho"].abs().diff().dropna() <= 1e-12).all()
    with pytest.raises(NetsciError, match="needs three"):
        rank_correlations(runs[:2])
    with pytest.raises(NetsciError, match="'bleu'"):
        rank_correlations(runs, "bleu")
