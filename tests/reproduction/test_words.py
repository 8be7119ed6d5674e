"""Means, errors and differences as the pages print them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from netsci_dst.reproduction import Published
from netsci_dst.reproduction._words import (
    Far,
    difference,
    duration,
    error_of_difference,
    plus_minus,
    published,
)


def test_errors_add_in_quadrature_and_a_single_run_scatters_as_the_papers_do():
    paper = Published(value=98.0, error=0.3)
    values = [98.0, 99.0, 98.5]
    ours = np.std(values, ddof=1) / np.sqrt(3)
    assert error_of_difference(values, paper) == pytest.approx(math.hypot(ours, 0.3))
    alone = math.hypot(0.3, 0.3 * math.sqrt(3))
    assert error_of_difference([98.6], paper) == pytest.approx(alone)
    assert error_of_difference([98.6], paper, 5) == pytest.approx(math.hypot(0.3, 0.3 * 5**0.5))
    for nothing in (Published(value=98.0), None):
        assert math.isnan(error_of_difference(values, nothing))
    assert math.isnan(error_of_difference([math.nan], paper))


@pytest.mark.parametrize(
    ("values", "paper", "text"),
    [
        ([62.6, 62.7, 62.8], Published(value=62.7, error=0.11), "+0.00 (+0.0 s.e.)"),
        ([62.6, 62.7, 62.797], Published(value=62.7, error=0.11), "+0.00 (+0.0 s.e.)"),
        ([64.0, 65.0, 66.0], Published(value=66.0, error=0.0), "-1.00 (-1.7 s.e.)"),
        ([90.0], Published(value=66.0, error=1.0), "+24.0 (+12.0 s.e.)"),
        ([64.25], Published(value=66.0), "-1.75"),
        ([9_095_753.0], Published(value=782_032), "+8,313,721"),
        ([64.0], Published(value=64.0, error=0.0), "+0"),
        ([math.nan], Published(value=64.0), ""),
        ([64.0], None, ""),
    ],
)
def test_differences(values, paper, text):
    assert difference(values, paper) == text


def test_only_what_is_far_is_marked():
    paper = Published(value=0.0, error=1.0)
    # A single run: its error is the root of 3, that of the difference 2.
    assert isinstance(difference([6.2], paper), Far)
    assert not isinstance(difference([6.0], paper), Far)
    assert not isinstance(difference([1e6], Published(value=0.0)), Far)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([98.7, 98.8, 98.75], "98.750 ± 0.029"),
        ([26.0, 35.0], "30.5 ± 4.5"),
        ([1e6, 1.2e6], "1,100,000 ± 100,000"),
        ([100.0, 100.0], "100 ± 0"),
        ([98.7654], "98.77"),
        ([0.00012345], "0.000123"),
        ([3_026_891.0], "3,026,891"),
        ([math.nan], ""),
        ([math.nan, 5.0], "5"),
    ],
)
def test_means(values, text):
    assert plus_minus(values) == text


def test_figures_of_papers_and_durations():
    assert published(None) == ""
    assert published(Published(value=68.08, error=0.02)) == "68.08 ± 0.02"
    assert published(Published(value=9_095_753)) == "9,095,753"
    assert [duration([s]) for s in (59.84, 119.9, 720.0, 10_800.0)] == [
        "59.8 s",
        "120 s",
        "12 min",
        "3.0 h",
    ]
    assert duration([math.nan]) == ""
