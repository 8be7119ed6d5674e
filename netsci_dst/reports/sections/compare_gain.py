"""What each method changes against the dense network, in the metric and in speed of learning."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from ...errors import NetsciError
from ..chart import Block, Chart, Control, Mark, Series, Words
from ..comparison.model import Comparison
from ..comparison.variants import DENSE, Variant
from ..comparison.words import ranked
from ..page_section import section

UNITS = {"points": "absolute", "percent": "% of dense"}


@section(
    "gain_over_dense",
    page="comparison",
    title="Change against dense",
    after="learning",
    lead="Which methods beat the dense network (the cross), and which learn faster than it?",
    definition="Change of the mean metric and of the mean AAE (area across the epochs) over seeds "
    "against the dense network of the same data and model: their difference, or in per cent of "
    "the dense network's. Whiskers: 95 % interval of the difference of the metric.",
    equation="x̄ − x̄<sub>dense</sub>, &nbsp; 100 (x̄ / x̄<sub>dense</sub> − 1)",
    source="Zhang et al. (CHT), ICLR 2024, fig. 3; (CHTs, 2024), fig. 5",
    computed_by="netsci_dst.reports",
)
def gain_over_dense(
    comparison: Comparison, unit: Literal["points", "percent"] = "points"
) -> Iterator[Block]:
    """Show the change in metric and in AAE against the dense network, a dot for each setting.

    ``unit`` is ``points``, the difference itself, or ``percent``, of the dense network's value.
    """
    if unit not in UNITS:
        raise NetsciError(f"a change is in {' or '.join(UNITS)}, not {unit!r}")
    series = _series(comparison, unit)
    if not any(v.method == DENSE for v in comparison.variants):
        yield Words("No dense run stands beside the sparse ones: train one with method = dense.")
        return
    if not series:
        yield Words("No sparse run has the metric of a dense one on the same data and model.")
        return
    points = "points" if comparison.share else "difference"
    yield Control(
        "change", "Change in", {"points": points, "percent": UNITS["percent"]}, value=unit
    )
    said = UNITS["percent"] if unit == "percent" else ("points" if comparison.share else "")
    yield Chart(
        "gain-over-dense",
        "Change against the dense network",
        f"Δ {comparison.metric_name}",
        "Δ AAE",
        tuple(series),
        (Mark("x", 0.0), Mark("y", 0.0)),
        live=True,
        x_unit=said,
        y_unit=said,
        measure=f"change of {comparison.metric} and AAE",
    )


def _series(comparison: Comparison, unit: str) -> list[Series]:
    found: dict[str, tuple[str, list[float], list[float]]] = {}
    for _, variants in comparison.settings():
        dense = ranked(comparison, [v for v in variants if v.method == DENSE])
        for variant in (v for v in variants if dense and v.method != DENSE):
            x, y = (_change(comparison, variant, dense[0], q, unit) for q in ("metric", "aae"))
            if math.isfinite(x) and math.isfinite(y):
                _, xs, ys = found.setdefault(variant.label, (comparison.colour(variant), [], []))
                xs.append(x)
                ys.append(y)
    return [Series(name, xs, ys, "points", colour) for name, (colour, xs, ys) in found.items()]


def _change(
    comparison: Comparison, variant: Variant, dense: Variant, quantity: str, unit: str
) -> float:
    mine = comparison.interval(variant, quantity).mean
    base = comparison.interval(dense, quantity).mean
    if unit == "points":
        return (100 if comparison.share else 1) * (mine - base)
    return 100 * (mine / base - 1) if base else math.nan
