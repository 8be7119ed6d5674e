import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from netsci_dst.reports.comparison.statistics import difference, interval

VALUES = st.lists(st.floats(-100, 100), min_size=2, max_size=8)


@given(VALUES)
def test_the_interval_is_student_s(values):
    found = interval(values)
    low, high = found.mean - found.half, found.mean + found.half
    if np.ptp(values) > 1e-6:
        theirs = stats.ttest_1samp(values, 0).confidence_interval()
        assert (low, high) == pytest.approx((theirs.low, theirs.high), rel=1e-6, abs=1e-6)


def test_one_run_has_no_interval():
    assert math.isnan(interval([1.0]).half)
    assert interval([math.nan]).n == 0


@given(VALUES, VALUES)
def test_unequal_seeds_are_compared_by_welch(a, b):
    if np.ptp(a) < 1e-3 or np.ptp(b) < 1e-3:
        return
    found = difference(dict(enumerate(a)), {100 + i: v for i, v in enumerate(b)})
    theirs = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    assert not found.paired
    assert found.mean - found.half == pytest.approx(theirs.low, rel=1e-6, abs=1e-6)
    assert found.mean + found.half == pytest.approx(theirs.high, rel=1e-6, abs=1e-6)


def test_equal_seeds_are_paired():
    a, b = {0: 0.9, 1: 0.92, 2: 0.95}, {2: 0.935, 0: 0.89, 1: 0.91}
    found = difference(a, b)
    gaps = [a[seed] - b[seed] for seed in a]
    theirs = stats.ttest_1samp(gaps, 0).confidence_interval()
    assert found.paired
    assert found.mean - found.half == pytest.approx(theirs.low, abs=1e-9)
    assert found.told_apart


def test_single_runs_cannot_be_told_apart():
    found = difference({0: 0.9}, {0: 0.1})
    assert not found.known
    assert not found.told_apart
