"""What a comparison knows of each run: final values and curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import _aggregate as aggregate
from ._data import RunData, _find
from ._pack import Pack

CURVES = ("metric", "loss", "itop", "anp", "overlap", "density")


CURVE_POINTS = 48


FIRST = (
    *("metric", "aae", "anp", "itop", "power law: gamma", "power law: alpha"),
    *("modularity: modularity", "asi: asi layers", "k shell: k max", "credit paths: paths"),
    *("path length: characteristic path length", "credit paths: hub share every"),
)


def row_of(one: RunData, opened: int | None) -> dict[str, Any]:
    """Return names, final values and curves of a run."""
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


def metric_of(data: Sequence[RunData]) -> str:
    """Return the metric that most runs have."""
    found = [one.metric for one in data if one.metric]
    return max(set(found), key=found.count) if found else "accuracy"


def quantities_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """All quantities, those that people ask for first, then those that most runs have."""
    counts: dict[str, int] = {}
    for row in rows:
        for name, value in row["values"].items():
            counts[name] = counts.get(name, 0) + math.isfinite(value)
    asked = [name for name in FIRST if counts.get(name)]
    most = max(counts.values(), default=0)
    rest = [name for name in counts if name not in FIRST and counts[name]]
    return [*asked, *sorted(rest, key=lambda name: counts[name] < 0.5 * most)]


def pack_rows(rows: Sequence[Any], quantities: list[str], payload: dict[str, Any]) -> Pack:
    """Return all values and curves as packed arrays; the grid's end goes into the payload."""
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
