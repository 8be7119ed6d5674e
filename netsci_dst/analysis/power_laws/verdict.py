"""What a power-law fit says, in words and with its evidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from .alternatives import BETTER_AT

if TYPE_CHECKING:
    from .alternatives import Comparison

Outcome = Literal[
    "not ruled out", "ruled out", "another fits better", "too few points", "no variation",
    "not tested",
]  # fmt: skip

RULED_OUT_AT = 0.1  # Clauset et al. 2009, section 4.1
FEWEST = 10
# Below about 50 points estimates are unreliable and most distributions pass (ibid., section 3).
FEWEST_IN_TAIL = 50


def judge(
    p_value: float, n_tail: int, alternatives: Sequence[Comparison]
) -> tuple[Outcome, Comparison | None]:
    """Return the outcome and the alternative that fits best among those that fit better."""
    if math.isnan(p_value):
        return "not tested", None
    if p_value <= RULED_OUT_AT:
        return "ruled out", None
    if n_tail < FEWEST_IN_TAIL:
        return "too few points", None
    better = [other for other in alternatives if other.better]
    if better:
        return "another fits better", min(better, key=lambda other: other.ratio)
    return "not ruled out", None


def describe(
    outcome: Outcome,
    better: Comparison | None,
    *,
    alpha: float,
    sigma: float,
    xmin: float,
    xmax: float,
    p_value: float,
    n_tail: int,
    n: int,
    n_zeros: int,
    alternatives: Sequence[Comparison],
    bootstraps: int,
) -> str:
    """Return the verdict as one or two sentences that hold the numbers behind it."""
    p_said = _p_in_words(p_value, bootstraps)
    law = f"a power law with exponent {alpha:.3g} ± {sigma:.2g} from {xmin:g} up"
    if outcome == "not ruled out":
        text = f"not ruled out: {law} passes (p {p_said}, above {RULED_OUT_AT})"
        tested = [
            other.name.replace("_", " ") for other in alternatives if other.ratio == other.ratio
        ]
        if tested:
            text += f", and no alternative fits better at p < {BETTER_AT}"
    elif outcome == "ruled out":
        text = f"ruled out: {law} is too far from the data (p {p_said}, at most {RULED_OUT_AT})"
    elif outcome == "another fits better" and better is not None:
        text = (
            f"another fits better: {law} passes (p {p_said}), but a "
            f"{better.name.replace('_', ' ')} is more likely "
            f"(log-likelihood ratio {better.ratio:.3g}, p = {better.p_value:.2g} < {BETTER_AT})"
        )
    elif outcome == "too few points":
        text = (
            f"too few points: {law} passes (p {p_said}), but with {n_tail} values in the "
            f"tail (fewer than {FEWEST_IN_TAIL}) most distributions would"
        )
    else:
        text = f"not tested: {law} was fitted without a test of whether it holds"
    return f"{text}. {_coverage(n_tail, n, xmin, xmax, n_zeros)}"


def _coverage(n_tail: int, n: int, xmin: float, xmax: float, n_zeros: int) -> str:
    share = n_tail / n
    decades = math.log10(xmax / xmin) if xmax > xmin else 0.0
    text = (
        f"The tail holds {n_tail} of {n} values ({_percent(share)}) and spans {decades:.1f} decades"
    )
    if share < 0.5:
        text += f"; the other {_percent(1 - share)} follow no part of this law"
    if n_zeros:
        text += f" ({n_zeros} zeros are not part of any power law)"
    return text + "."


def _percent(share: float) -> str:
    if share in (0.0, 1.0) or 0.01 <= share <= 0.99:
        return f"{100 * share:.0f} %"
    return f"{100 * share:.1g} %" if share < 0.01 else f"{100 * share:.4g} %"


def degenerate(n: int, n_positive: int, distinct: int) -> tuple[Outcome, str] | None:
    """Return the answer for data on which nothing can be fitted, or None."""
    if n == 0:
        return "too few points", "too few points: there are no values."
    if n_positive == 0:
        return "too few points", f"too few points: all {n} values are zero."
    if distinct == 1:
        return "no variation", (
            f"no variation: all {n_positive} positive values are equal, "
            "which no power law can be fitted to."
        )
    if n_positive < FEWEST:
        return "too few points", (
            f"too few points: {n_positive} positive values; at least {FEWEST} are needed to fit."
        )
    return None


def _p_in_words(p_value: float, bootstraps: int) -> str:
    """Return the p-value, or its bound where no synthetic sample was as far off as the data."""
    if p_value == 0:
        return f"< {1 / bootstraps:.1g} ({bootstraps} synthetic samples)"
    return f"= {p_value:.2g}"
