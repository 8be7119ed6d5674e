"""The sentences of a comparison: which is best, by how much, how sure, at what cost."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from ..numbers import MINUS, percent, significant, whole_percent, with_error
from .model import COSTS, Comparison
from .statistics import Difference, difference
from .variants import DENSE, Variant


def sentences(comparison: Comparison) -> list[str]:
    """Return one or two sentences for each task, four at most."""
    out = []
    for setting, variants in comparison.settings():
        out += _of_task(comparison, setting, variants)
    return out[:4]


def ranked(comparison: Comparison, variants: Sequence[Variant]) -> list[Variant]:
    """Return the variants that have the metric, the best mean first."""
    means = {id(v): _mean(comparison, v) for v in variants}
    known = [v for v in variants if math.isfinite(means[id(v)])]
    return sorted(known, key=lambda v: means[id(v)], reverse=comparison.better)


def _mean(comparison: Comparison, variant: Variant) -> float:
    return comparison.interval(variant, "metric").mean


def gap(comparison: Comparison, a: Variant, b: Variant) -> Difference:
    """Return the difference of the metric of two variants."""
    return difference(comparison.seeds(a, "metric"), comparison.seeds(b, "metric"))


def tied_with_best(comparison: Comparison, variants: Sequence[Variant]) -> list[Variant]:
    """Return the best variant and those that cannot be told apart from it."""
    order = ranked(comparison, variants)
    if not order:
        return []
    return [order[0], *(v for v in order[1:] if not gap(comparison, order[0], v).told_apart)]


def _of_task(
    comparison: Comparison, setting: tuple[str, str], variants: Sequence[Variant]
) -> list[str]:
    where = f"On {setting[0]} ({setting[1]})" if setting[1] else f"On {setting[0]}"
    if not setting[0]:
        where = "Here"
    sparse = [v for v in variants if v.method != DENSE]
    dense = [v for v in variants if v.method == DENSE]
    order = ranked(comparison, sparse)
    if not order:
        return []
    text = f"{where}, {_first(comparison, order)}"
    against = ranked(comparison, dense)
    if against:
        text += f"; {_against_dense(comparison, tied_with_best(comparison, sparse), against[0])}"
    return [text + "."]


def name_of(variant: Variant, others: Sequence[Variant]) -> str:
    """Return a variant's label, with its sparsity where one label has several."""
    same = {v.sparsity for v in others if v.label == variant.label}
    return (
        f"{variant.label} at {whole_percent(variant.sparsity)}" if len(same) > 1 else variant.label
    )


def _first(comparison: Comparison, order: list[Variant]) -> str:
    best = order[0]
    reached = _reached(comparison, best)
    if len(order) == 1:
        return f"{name_of(best, order)} reaches {reached} {comparison.metric_name}"
    second = gap(comparison, best, order[1])
    if second.told_apart:
        return (
            f"{name_of(best, order)} is best with {reached} {comparison.metric_name}, "
            f"{_points(comparison, abs(second.mean))}{_unit(comparison)} ahead of "
            f"{name_of(order[1], order)} ({_interval(comparison, second)})"
        )
    tied = [v for v in order if v is best or not gap(comparison, best, v).told_apart]
    names = _listed([name_of(v, order) for v in tied[:4]])
    if len(tied) > 4:
        names = f"{name_of(best, order)} and {len(tied) - 1} others"
    if any(gap(comparison, a, b).told_apart for a, b in itertools.combinations(tied, 2)):
        rest = _listed([name_of(v, order) for v in tied[1:4]])
        if len(tied) > 4:
            rest = f"{len(tied) - 1} others"
        return (
            f"{name_of(best, order)} has the best mean, {reached}, but {rest} cannot be told apart "
            f"from it ({_size(comparison, second)})"
        )
    return f"{names} cannot be told apart ({_size(comparison, second)})"


def _size(comparison: Comparison, found: Difference) -> str:
    gap = _points(comparison, abs(found.mean)) + _unit(comparison)
    return f"difference {gap}, {_interval(comparison, found)}"


def _unit(comparison: Comparison) -> str:
    return " points" if comparison.share else ""


def _interval(comparison: Comparison, found: Difference) -> str:
    if not found.known:
        return f"{'one run each' if found.n <= 1 else f'{found.n} runs'}: no interval"
    low, high = abs(found.mean) - found.half, abs(found.mean) + found.half
    pairs = f"{found.n} {'pairs of equal seeds' if found.paired else 'runs'}"
    return f"95 % interval {_points(comparison, low)} to {_points(comparison, high)}; {pairs}"


def _points(comparison: Comparison, value: float) -> str:
    text = f"{abs(100 * value):.2f}" if comparison.share else significant(abs(value))
    return f"{MINUS}{text}" if value < 0 and float(text.replace("e", "")) != 0 else text


def _against_dense(comparison: Comparison, tied: list[Variant], dense: Variant) -> str:
    found = gap(comparison, tied[0], dense)
    unit = _unit(comparison)
    who = {1: "it lies", 2: "both lie"}.get(len(tied), "they lie")
    if len(tied) > 1:
        gaps = [gap(comparison, v, dense).mean for v in tied]
        low, high = min(gaps), max(gaps)
        near = [v for v in tied if not gap(comparison, v, dense).told_apart]
        if near or low * high < 0:
            reached = _reached(comparison, dense)
            if len(near) == len(tied):
                who = "either" if len(tied) == 2 else "any of them"
                text = f"nor can {who} from dense, {reached}"
            elif near:
                who = _listed([v.label for v in near])
                text = f"{who} cannot be told apart from dense, {reached}"
            else:
                text = f"dense lies between them, {reached}"
            return text + _cost(comparison, tied, dense)
        size = _points(comparison, min(abs(low), abs(high)))
        if _points(comparison, max(abs(low), abs(high))) != size:
            size += f" to {_points(comparison, max(abs(low), abs(high)))}"
    else:
        size = _points(comparison, abs(found.mean))
        if not found.told_apart:
            return f"it cannot be told apart from dense ({_size(comparison, found)})" + _cost(
                comparison, tied, dense
            )
    word = "above" if found.mean > 0 else "below"
    return f"{who} {size}{unit} {word} dense" + _cost(comparison, tied, dense)


def _reached(comparison: Comparison, variant: Variant) -> str:
    found = comparison.interval(variant, "metric")
    return with_error(found.mean, found.half, percent=comparison.share)


def _cost(comparison: Comparison, tied: list[Variant], dense: Variant) -> str:
    spent = [_spent(comparison, v, "training_flops_links") for v in tied]
    whole = _spent(comparison, dense, "training_flops_links")
    spent = [s for s in spent if math.isfinite(s)]
    if not spent or not math.isfinite(whole) or not whole:
        return ""
    low, high = (percent(value / whole, 0) for value in (min(spent), max(spent)))
    return f" at {low if low == high else f'{low} to {high}'} of its training FLOPs"


def _spent(comparison: Comparison, variant: Variant, name: str) -> float:
    return comparison.interval(variant, name).mean


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def cost_title(name: str) -> str:
    """Return a cost with its unit."""
    title, unit = COSTS[name]
    return f"{title} ({unit})" if unit and unit not in title else title
