"""One table for each setting: methods in order of the metric, ties bracketed, costs, structure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from ..numbers import amount, whole_percent, with_error
from .model import COSTS, STRUCTURE, Comparison
from .variants import DENSE, Variant
from .words import ranked, tied_with_best

SHOWN_COSTS = ("training_flops_links", "wall_s", "parameters", "weight_bytes")


def tables(comparison: Comparison) -> Markup:
    """Return the tables as HTML; the page's script writes the same when runs are filtered."""
    parts = []
    for setting, variants in comparison.settings():
        for sparsity in sorted({v.sparsity for v in variants if v.method != DENSE}) or [0.0]:
            mine = [v for v in variants if v.sparsity == sparsity or v.method == DENSE]
            parts.append(_table(comparison, setting, sparsity, mine))
    return Markup("").join(parts)


def shown_costs(comparison: Comparison) -> list[str]:
    """Return the cost columns: those of the usual four that were recorded."""
    return [name for name in SHOWN_COSTS if name in comparison.quantities]


def columns(comparison: Comparison) -> list[tuple[str, str, bool, bool]]:
    """Return key, heading, whether a share, whether folded behind "more"."""
    unit = " (%)" if comparison.share else ""
    return [
        ("metric", f"{comparison.metric_name}{unit}", comparison.share, False),
        ("aae", f"AAE{unit}", comparison.share, False),
        *((name, _short(name), False, False) for name in shown_costs(comparison)),
        *(
            (name, f"{title}{' (%)' if share else ''}", share, True)
            for name, (title, share) in STRUCTURE.items()
            if name in comparison.quantities
        ),
    ]


def _short(name: str) -> str:
    return {"training_flops_links": "training FLOPs", "wall_s": "time (s)"}.get(
        name, COSTS[name][0]
    )


def _table(
    comparison: Comparison, setting: tuple[str, str], sparsity: float, variants: Sequence[Variant]
) -> Markup:
    heads = columns(comparison)
    where = ", ".join(part for part in (*setting, f"sparsity {whole_percent(sparsity)}") if part)
    head = Markup("").join(
        Markup("<th{}>{}</th>").format(Markup(' class="folded"') if folded else "", title)
        for _, title, _, folded in heads
    )
    order = ranked(comparison, variants)
    order += [v for v in variants if v not in order]
    tied = tied_with_best(comparison, [v for v in order if v.method != DENSE])
    body = Markup("").join(_row(comparison, v, heads, v in tied) for v in order)
    return Markup(
        '<div class="scroll" tabindex="0"><table class="compare"><caption>{}</caption><thead><tr>'
        "<th>method</th><th>runs</th>{}</tr></thead><tbody>{}</tbody></table></div>"
    ).format(where, head, body)


def _row(
    comparison: Comparison, variant: Variant, heads: list[tuple[str, str, bool, bool]], tied: bool
) -> Markup:
    cells = Markup("").join(
        Markup("<td{}>{}</td>").format(
            Markup(' class="folded"') if folded else "", cell(comparison, variant, key, share)
        )
        for key, _, share, folded in heads
    )
    return Markup("<tr{}><td>{}</td><td>{}</td>{}</tr>").format(
        Markup(' class="tied"') if tied else "", variant.label, len(variant.runs), cells
    )


def cell(comparison: Comparison, variant: Variant, key: str, share: bool) -> str:
    """Return the mean of a quantity with half its 95 % interval."""
    found: Any = comparison.interval(variant, key)
    if not math.isfinite(found.mean):
        return "–"
    if key in COSTS and key not in ("wall_s", "processor_s"):
        return amount(found.mean, COSTS[key][1]).strip()
    return with_error(found.mean, found.half, percent=share, unit=False)
