"""Numbers of the page as text: means with errors, differences, durations."""

from __future__ import annotations

import math
from typing import Any

from ..analysis.across_runs import mean_and_error
from ._experiment import Published

NOTABLE = 3.0  # standard errors


class Far(str):
    """The text of a difference of more than `NOTABLE` standard errors."""


def error_of_difference(values: Any, paper: Published | None, published_runs: int = 3) -> float:
    """Return the standard error of (our mean - the paper's).

    The errors of both sides add in quadrature. A single run of ours scatters as the paper's runs
    do: its error is the paper's times the root of their number. NaN when the paper prints no
    error: then nobody can say how far is far.
    """
    ours = mean_and_error(values)
    if paper is None or paper.error is None or not math.isfinite(ours.mean):
        return math.nan
    alone = paper.error * math.sqrt(published_runs)
    return math.hypot(paper.error, ours.error if math.isfinite(ours.error) else alone)


def difference(values: Any, paper: Published | None, published_runs: int = 3) -> str:
    """Return ours minus the paper's, in brackets in standard errors where there is one."""
    ours = mean_and_error(values).mean
    if paper is None or not math.isfinite(ours):
        return ""
    away = ours - paper.value
    error = error_of_difference(values, paper, published_runs)
    if not error > 0:
        return f"{away:+,.0f}" if abs(away) >= 1e4 else f"{away:+.3g}"
    far = away / error
    text = f"{_signed(away, _decimals(error))} ({_signed(far, 1)} s.e.)"
    return Far(text) if abs(round(far, 1)) > NOTABLE else text


def published(paper: Published | None) -> str:
    """Return a figure as the paper prints it."""
    if paper is None:
        return ""
    value = f"{paper.value:,.0f}" if abs(paper.value) >= 1e4 else f"{paper.value:g}"
    return value if paper.error is None else f"{value} ± {paper.error:g}"


def plus_minus(values: Any) -> str:
    """Return mean ± standard error, with two digits of the error; the mean alone of one value."""
    found = mean_and_error(values)
    if not math.isfinite(found.mean):
        return ""
    if not math.isfinite(found.error):
        return _short(found.mean)
    if found.error == 0:
        return f"{_short(found.mean)} ± 0"
    digits = _decimals(found.error)
    return f"{found.mean:,.{digits}f} ± {found.error:,.{digits}f}"


def duration(seconds: Any) -> str:
    """Return the mean of durations in seconds, minutes or hours."""
    mean = mean_and_error(seconds).mean
    if not math.isfinite(mean):
        return ""
    if mean < 120:
        return f"{mean:.3g} s"
    return f"{mean / 60:.0f} min" if mean < 7200 else f"{mean / 3600:.1f} h"


def _decimals(error: float) -> int:
    return min(4, max(0, 1 - math.floor(math.log10(error))))


def _signed(value: float, digits: int) -> str:
    return f"{round(value, digits) + 0.0:+,.{digits}f}"  # + 0.0: no "-0.00"


def _short(value: float) -> str:
    if value and not 1e-3 <= abs(value) < 1e12:
        return f"{value:.3g}"
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
