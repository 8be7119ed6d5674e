"""What each method gains over the dense network in accuracy and in speed of learning."""

from __future__ import annotations

from collections.abc import Iterator

from ..chart import Block, Chart, Mark, Series, Words
from ..comparison.model import Comparison
from ..comparison.variants import DENSE, Variant
from ..page_section import section


@section(
    "gain_over_dense",
    page="comparison",
    title="Gain over the dense network",
    after="methods",
    on_page=False,
    lead="Up and to the right of the cross: better than the dense network, and learnt faster.",
    definition="Change of the mean metric and of the mean AAE over seeds, in per cent of the "
    "dense network's on the same data and model.",
    equation="100 (x̄ / x̄<sub>dense</sub> − 1)",
    source="Zhang et al. (CHT), ICLR 2024, fig. 3; (CHTs, 2024), fig. 5",
    computed_by="netsci_dst.reports",
)
def gain_over_dense(comparison: Comparison) -> Iterator[Block]:
    """Show the change in metric and in AAE against the dense network, a dot for each setting."""
    found: dict[str, tuple[str, list[float], list[float]]] = {}
    for _, variants in comparison.settings():
        dense = [v for v in variants if v.method == DENSE]
        for variant in (v for v in variants if dense and v.method != DENSE):
            x = _change(comparison, variant, dense[0], "metric")
            y = _change(comparison, variant, dense[0], "aae")
            if x is not None and y is not None:
                colour = comparison.colour(variant)
                _, xs, ys = found.setdefault(variant.label, (colour, [], []))
                xs.append(x)
                ys.append(y)
    if not found:
        yield Words("No dense run stands beside the sparse ones: train one with method = dense.")
        return
    series = [Series(name, xs, ys, "points", c) for name, (c, xs, ys) in found.items()]
    yield Chart(
        "gain-over-dense",
        "Change against the dense network",
        comparison.metric_name,
        "AAE",
        tuple(series),
        (Mark("x", 0.0), Mark("y", 0.0)),
        x_unit="% of dense",
        y_unit="% of dense",
        measure=f"change of {comparison.metric} and AAE",
    )


def _change(
    comparison: Comparison, variant: Variant, dense: Variant, quantity: str
) -> float | None:
    mine = comparison.interval(variant, quantity)
    base = comparison.interval(dense, quantity)
    return 100 * (mine.mean / base.mean - 1) if mine.n and base.n and base.mean else None
