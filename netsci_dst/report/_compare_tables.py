"""The words and tables of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from . import _aggregate as aggregate
from ._summary import percent


def sentences(
    rows: Sequence[Mapping[str, Any]], metric: str, better: bool, scale: float
) -> list[str]:
    """Return which method is best on each task, in words."""
    out = []
    unit = " points" if scale == 100 else ""
    for (data, model, _), found in _by_task(rows).items():
        means = {m: v for m, v in found.items() if v is not None}
        sparse = {m: v for m, v in means.items() if m[0] != aggregate.DENSE}
        if not sparse:
            continue
        pick = max if better else min
        best = pick(sparse, key=lambda m: sparse[m].mean)
        text = (
            f"On {data} ({model}), the best sparse method is {best[0]} at a sparsity of "
            f"{percent(best[1])}: {_said(sparse[best], scale)} {metric}"
        )
        dense = next((v for m, v in means.items() if m[0] == aggregate.DENSE), None)
        if dense is not None:
            change = sparse[best].mean - dense.mean
            sign = "above" if change > 0 else "below" if change < 0 else "equal to"
            amount = f"{_say(abs(change), scale)}{unit} " if change else ""
            text += f", {amount}{sign} dense ({_said(dense, scale)})"
        out.append(text + ".")
    seeds = min(
        (m.n for t in aggregate.table(rows, "metric").values() for m in t.values()), default=0
    )
    if seeds == 1:
        out.append("Some methods have one seed only: differences of this size may be chance.")
    return out[:4]


def _by_task(rows: Sequence[Mapping[str, Any]]) -> dict[Any, dict[Any, aggregate.Mean]]:
    tasks: dict[Any, dict[Any, aggregate.Mean]] = {}
    for (data, model, sparsity), means in aggregate.table(rows, "metric").items():
        for method, mean in means.items():
            tasks.setdefault((data, model, None), {})[(method, sparsity)] = mean
    return tasks


def tables(
    rows: Sequence[Mapping[str, Any]], metric: str, better: bool, scale: float
) -> list[dict[str, Any]]:
    """One table per data and model: methods down; quantities across, a row per sparsity."""
    columns = [
        ("metric", f"{metric}{' %' if scale == 100 else ''}", scale, better),
        ("aae", f"AAE{' %' if scale == 100 else ''}", scale, better),
        ("anp", "ANP %", 100, None),
        ("itop", "ITOP %", 100, None),
        ("power law: gamma", "γ", 1, None),
        ("modularity: modularity", "modularity", 1, None),
        ("asi: asi layers", "ASI", 1, None),
    ]
    tables = {q: aggregate.table(rows, q) for q, *_ in columns}
    columns = [c for c in columns if any(tables[c[0]].values())]
    out: dict[tuple[str, str], dict[str, Any]] = {}
    for where in tables["metric"]:
        data, model, sparsity = where
        entry = out.setdefault(
            (data, model),
            {"title": f"{data}, {model}", "head": [label for _, label, *_ in columns], "rows": []},
        )
        for method in _order(rows, where):
            cells = []
            for quantity, _, factor, more in columns:
                means = tables[quantity].get(where, {})
                mine = means.get(method)
                cells.append(
                    {
                        "text": "–" if mine is None else _mean_text(mine, factor),
                        "n": mine.n if mine else 0,
                        "best": more is not None and _is_best(means, method, more),
                        "above": more is not None
                        and _beats(mine, _dense(tables[quantity], where), more),
                    }
                )
            entry["rows"].append(
                {
                    "method": method,
                    "sparsity": percent(sparsity),
                    "cells": cells,
                    "n": max((c["n"] for c in cells), default=0),
                }
            )
    return list(out.values())


def _order(rows: Sequence[Mapping[str, Any]], where: Any) -> list[str]:
    return sorted({r["method"] for r in rows if aggregate.setting(r) == where})


def _dense(table: Mapping[Any, Mapping[str, Any]], where: Any) -> aggregate.Mean | None:
    """The dense mean on the same data and model, at whatever sparsity it is filed."""
    for other, means in table.items():
        if other[:2] == where[:2] and aggregate.DENSE in means:
            return means[aggregate.DENSE]
    return None


def _beats(mine: aggregate.Mean | None, dense: aggregate.Mean | None, more: bool) -> bool:
    if mine is None or dense is None:
        return False
    return mine.mean > dense.mean if more else mine.mean < dense.mean


def _is_best(means: Mapping[str, aggregate.Mean], method: str, more: bool) -> bool:
    if method not in means or len(means) < 2:
        return False
    pick = max if more else min
    return means[method].mean == pick(m.mean for m in means.values())


def wins(rows: Sequence[Mapping[str, Any]], better: bool) -> list[dict[str, Any]]:
    """Return win rates, the best first."""
    found = aggregate.win_rates(rows, "metric", better)
    ranked = sorted(found.items(), key=lambda item: -item[1][0] / item[1][1])
    return [
        {"method": m, "won": f"{won:g}", "of": of, "rate": percent(won / of, 0)}
        for m, (won, of) in ranked
    ]


def tests(rows: Sequence[Mapping[str, Any]], better: bool, scale: float) -> list[dict[str, Any]]:
    """Return the paired tests with at least two pairs."""
    out = []
    for test in aggregate.paired_tests(rows, "metric", better):
        if test.n < 2:
            continue
        few = test.n < 6
        out.append(
            {
                "first": test.first,
                "second": test.second,
                "n": test.n,
                "difference": f"{scale * test.difference:+.3g}",
                "wins": test.wins,
                "p": f"{test.p_value:.3g}",
                "note": "too few pairs for p < 0.05"
                if few
                else ("different" if test.p_value < 0.05 else "not distinguishable"),
            }
        )
    return out


def _say(value: float, scale: float) -> str:
    return f"{scale * value:.2f}" if scale == 100 else _short(value)


def _short(value: float) -> str:
    """Three significant digits, written as the page's scripts write numbers."""
    if value != 0 and abs(value) < 1e-6:
        return f"{value:.2e}"
    text = f"{Decimal(f'{value:.2e}'):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _mean_text(mean: aggregate.Mean, scale: float) -> str:
    text = _say(mean.mean, scale)
    return text if mean.n < 2 else f"{text} ± {_say(mean.error, scale)}"


def _said(mean: aggregate.Mean, scale: float) -> str:
    return _mean_text(mean, scale) + (" %" if scale == 100 else "")
