"""The part of the page that compares runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from markupsafe import Markup

from . import _aggregate as aggregate
from ._colours import OKABE_ITO, palette
from ._data import METRICS, RunData, _find
from ._explain import EXPLANATIONS
from ._pack import Pack
from ._payload import json_script, pack_script
from ._summary import percent

CURVES = ("metric", "loss", "itop", "anp", "overlap", "density")
CURVE_POINTS = 48
FIRST = (
    *("metric", "aae", "anp", "itop", "power law: gamma", "power law: alpha"),
    *("modularity: modularity", "asi: asi layers", "k shell: k max", "credit paths: paths"),
    *("path length: characteristic path length", "credit paths: hub share every"),
)


def representatives(data: Sequence[RunData], most: int) -> list[RunData]:
    """Return the runs that can be looked into: all of a few, else the first of each method.

    Dense runs come last: they have no topology to look at.
    """
    data = sorted(data, key=lambda one: one.method == aggregate.DENSE)
    if len(data) <= most:
        return data
    first: dict[str, RunData] = {}
    for one in data:
        if len(one.run.snapshots):
            first.setdefault(one.method, one)
    return list(first.values())[:most]


def compare_block(
    data: Sequence[RunData], opened: Mapping[str, int]
) -> tuple[dict[str, Any], Markup]:
    """Return the template's variables and the data blocks of a comparison."""
    rows = [_row(one, opened.get(one.run.path)) for one in data]
    metric = _metric(data)
    better = METRICS.get(metric, True)
    quantities = _quantities(rows)
    scale = 100 if metric == "accuracy" else 1
    methods = _methods(rows)
    view = {
        "explain": EXPLANATIONS["compare"],
        "equation": Markup(EXPLANATIONS["compare"].equation),
        "n": len(rows),
        "metric": metric,
        "sentences": _sentences(rows, metric, better, scale),
        "tables": _tables(rows, metric, better, scale),
        "wins": _wins(rows, metric, better),
        "tests": _tests(rows, better, scale, metric),
        "methods": [{"name": m, "colour": c} for m, c in methods.items()],
        "strip": _strip(rows, methods, scale),
        "runs": rows if len(rows) <= 60 else [],
    }
    payload = {
        "metric": metric,
        "moreIsBetter": better,
        "methods": methods,
        "quantities": quantities,
        "runs": [
            [r["name"], r["method"], r["sparsity"], r["data"], r["model"], r["seed"], r["opened"]]
            for r in rows
        ],
        "curves": list(CURVES),
        "points": CURVE_POINTS,
    }
    pack = _pack(rows, quantities, payload)
    payload["pack"] = pack.manifest
    return view, json_script("compare-data", payload) + pack_script("compare-pack", pack)


def _row(one: RunData, opened: int | None) -> dict[str, Any]:
    asked = _find(one.recipe, "sparsity")
    sparsity = float(asked) if isinstance(asked, (int, float)) else round(one.sparsity, 4)
    values = {"metric": math.nan, "aae": one.aae if one.aae is not None else math.nan}
    if one.metric:
        y = one.curve(one.metric)[1]
        values["metric"] = float(y[-1])
        values["best"] = float(y.max() if one.more_is_better else y.min())
    curves = {name: _curve(one, name) for name in CURVES}
    for column in ("anp", "itop", "overlap", "density"):
        curve = curves[column][1]
        values[column] = float(curve[-1]) if len(curve) else math.nan
    duration = one.provenance.get("duration_s")
    if isinstance(duration, (int, float)):
        values["duration_s"] = float(duration)
    for (measure, quantity, scope), found in one._groups.items():
        if scope == "network":
            finite = found["value"].astype(float).dropna()
            if len(finite):
                values[f"{measure}: {quantity}".replace("_", " ")] = float(finite.iloc[-1])
    return {
        "name": one.name,
        "method": one.method,
        "sparsity": 0.0 if one.method == aggregate.DENSE else sparsity,
        "data": one.dataset,
        "model": one.model,
        "seed": one.seed,
        "opened": opened,
        "metric": one.metric,
        "values": values,
        "curves": curves,
    }


def _evolution(one: RunData, column: str) -> tuple[np.ndarray, np.ndarray]:
    frame = one.whole_evolution
    if column not in frame:
        return np.empty(0), np.empty(0)
    y = frame[column].to_numpy(dtype=float)
    keep = np.isfinite(y)
    return frame["epoch"].to_numpy(dtype=float)[keep], y[keep]


def _curve(one: RunData, name: str) -> tuple[np.ndarray, np.ndarray]:
    if name == "metric":
        return one.curve(one.metric) if one.metric else (np.empty(0), np.empty(0))
    return one.curve("loss") if name == "loss" else _evolution(one, name)


def _metric(data: Sequence[RunData]) -> str:
    found = [one.metric for one in data if one.metric]
    return max(set(found), key=found.count) if found else "accuracy"


def _methods(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    names = list(dict.fromkeys(row["method"] for row in rows))
    rest = [name for name in names if name != aggregate.DENSE]
    sparse = palette(len(rest)) if len(rest) > len(OKABE_ITO) - 1 else list(OKABE_ITO)
    colours = {name: sparse[i] for i, name in enumerate(rest)}
    return {n: colours.get(n, OKABE_ITO[-1]) for n in names}


def _quantities(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """All quantities, those that people ask for first, then those that most runs have."""
    counts: dict[str, int] = {}
    for row in rows:
        for name, value in row["values"].items():
            counts[name] = counts.get(name, 0) + math.isfinite(value)
    asked = [name for name in FIRST if counts.get(name)]
    most = max(counts.values(), default=0)
    rest = [name for name in counts if name not in FIRST and counts[name]]
    return [*asked, *sorted(rest, key=lambda name: counts[name] < 0.5 * most)]


def _pack(rows: Sequence[Any], quantities: list[str], payload: dict[str, Any]) -> Pack:
    pack = Pack()
    values = [[row["values"].get(q, math.nan) for q in quantities] for row in rows]
    pack.add("values", np.array(values, dtype=np.float32))
    last = max((c[0][-1] for r in rows for c in r["curves"].values() if len(c[0])), default=1.0)
    payload["lastEpoch"] = float(last)
    grid = np.linspace(0, last, CURVE_POINTS)
    table = np.full((len(rows), len(CURVES), CURVE_POINTS), np.nan, np.float32)
    for i, row in enumerate(rows):
        for j, name in enumerate(CURVES):
            x, y = row["curves"][name]
            if len(x) > 1:
                table[i, j] = np.interp(grid, x, y, left=np.nan, right=np.nan)
    pack.add("curves", table)
    return pack


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


def _sentences(
    rows: Sequence[Mapping[str, Any]], metric: str, better: bool, scale: float
) -> list[str]:
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


def _tables(
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


def _wins(rows: Sequence[Mapping[str, Any]], metric: str, better: bool) -> list[dict[str, Any]]:
    del metric
    found = aggregate.win_rates(rows, "metric", better)
    ranked = sorted(found.items(), key=lambda item: -item[1][0] / item[1][1])
    return [
        {"method": m, "won": f"{won:g}", "of": of, "rate": percent(won / of, 0)}
        for m, (won, of) in ranked
    ]


def _tests(
    rows: Sequence[Mapping[str, Any]], better: bool, scale: float, metric: str
) -> list[dict[str, Any]]:
    del metric
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


def _strip(rows: Sequence[Mapping[str, Any]], methods: Mapping[str, str], scale: float) -> Markup:
    """The first picture: every run as a dot, a row per method, mean as a bar."""
    points = [(r["method"], r["values"]["metric"]) for r in rows]
    points = [(m, v) for m, v in points if math.isfinite(v)]
    if not points:
        return Markup("")
    low, high = min(v for _, v in points), max(v for _, v in points)
    pad = (high - low) * 0.06 or abs(high) * 0.01 or 1
    low, high = low - pad, high + pad
    names = [m for m in methods if any(m == p for p, _ in points)][:14]
    left, width, row = 130.0, 500.0, 34.0
    place = lambda v: left + (width - left - 20) * (v - low) / (high - low)  # noqa: E731
    parts = []
    for i, name in enumerate(names):
        y = 18 + row * i
        mine = [v for m, v in points if m == name]
        short = name if len(name) <= 16 else name[:15] + "…"
        parts.append(
            Markup('<text x="{}" y="{:.0f}" text-anchor="end" class="axis">{}</text>').format(
                left - 12, y + 4, short
            )
        )
        parts.append(
            Markup('<line x1="{}" x2="{}" y1="{:.0f}" y2="{:.0f}" class="rule"/>').format(
                left, width - 20, y, y
            )
        )
        shown = mine if len(mine) <= 200 else mine[:: len(mine) // 200 + 1]
        dots = "".join(f"M{place(v):.1f} {y:.0f}h0" for v in shown)
        parts.append(
            Markup(
                '<path d="{}" stroke="{}" stroke-width="7" stroke-linecap="round" opacity=".5"/>'
            ).format(Markup(dots), methods[name])
        )
        mean = place(sum(mine) / len(mine))
        parts.append(
            Markup('<path d="M{:.1f} {:.0f}v20" stroke="{}" stroke-width="3"/>').format(
                mean, y - 10, methods[name]
            )
        )
    bottom = 18 + row * len(names)
    for value in np.linspace(low + pad, high - pad, 3):
        text = f"{scale * value:.2f}" if scale == 100 else f"{value:.3g}"
        parts.append(
            Markup(
                '<text x="{:.1f}" y="{:.0f}" text-anchor="middle" class="axis">{}</text>'
            ).format(place(value), bottom + 6, text)
        )
    return Markup(
        '<svg viewBox="0 0 {:.0f} {:.0f}" role="img" class="sketch strip"><title>Every run, by '
        "method; the bar is the mean</title>{}</svg>"
    ).format(width, bottom + 16, Markup("").join(parts))
