"""The tables of one run: power-law fits, alternatives, every measure."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._data import RunData
from ._payload import (
    FIT_MEASURES,
)

_FIT_COLUMNS = {
    "alpha": "α",
    "sigma": "σ",
    "xmin": "k_min",
    "n_tail": "neurons in tail",
    "ks": "KS",
    "p_value": "p",
    "gamma": "γ",
}


def fit_table(data: RunData) -> dict[str, Any]:
    """Fits of the last snapshot that was tested, else of the last that was fitted."""
    scopes = list(dict.fromkeys(s for q, s in data.quantities("power_law") if q == "alpha"))
    if not scopes:
        return {"fit_head": [], "fit_rows": [], "fit_epoch": "", "fit_verdicts": []}
    tested = data.series("power_law_test", "p_value", scopes[0])
    last = (tested if len(tested) else data.series("power_law", "alpha", scopes[0])).iloc[-1]
    step = int(last["step"])
    found = {(q, s): _fitted(data, q, s, step) for q in _FIT_COLUMNS for s in scopes}
    present = [q for q in _FIT_COLUMNS if any(found[q, s] is not None for s in scopes)]
    rows = []
    for scope in scopes:
        cells = ["–" if (c := found[q, scope]) is None else f"{c:.4g}" for q in present]
        rows.append([scope, *cells])
    said = {s: data.text("power_law_test", "verdict", s) for s in scopes} if len(tested) else {}
    return {
        "fit_head": ["scope", *(_FIT_COLUMNS[q] for q in present)],
        "fit_rows": rows,
        "fit_epoch": f"{last['epoch']:g}",
        "fit_verdicts": [(scope, text) for scope, text in said.items() if text],
    }


def _fitted(data: RunData, quantity: str, scope: str, step: int) -> float | None:
    for measure in FIT_MEASURES:
        value = data.value(measure, quantity, scope, step)
        if value is not None:
            return value
    return None


def alternatives(data: RunData) -> dict[str, Any]:
    """Likelihood-ratio tests of the power law against other distributions, a row per scope."""
    pairs = data.quantities("power_law_test")
    names = list(
        dict.fromkeys(
            q.removeprefix("ratio_")
            for q, _ in pairs
            if q.startswith("ratio_") and not q.startswith("ratio_p_")
        )
    )
    rows = []
    for scope in dict.fromkeys(scope for _, scope in pairs):
        cells = []
        for name in names:
            ratio = data.value("power_law_test", f"ratio_{name}", scope)
            p = data.value("power_law_test", f"ratio_p_{name}", scope)
            cells.append("–" if ratio is None or p is None else f"{ratio:+.2f} (p = {p:.2g})")
        if any(cell != "–" for cell in cells):
            rows.append([scope, *cells])
    head = ["scope", *(name.replace("_", " ") for name in names)]
    return {"alternatives": rows, "alternatives_head": head}


def measure_rows(data: RunData) -> list[tuple[str, ...]]:
    """Return the last stored value of every quantity."""
    v = data.values
    if v.empty:
        return []
    last = v.sort_values("step", kind="stable").groupby(
        ["measure", "quantity", "scope"], sort=False
    )
    rows = []
    for row in last.tail(1).itertuples():
        text = row.text if isinstance(row.text, str) else ""
        number = row.value is not None and np.isfinite(row.value)
        value = f"{row.value:.5g}" if number else text
        short = value if len(value) <= 60 else value[:59] + "…"
        rows.append((row.measure, row.quantity, row.scope, f"{row.epoch:g}", short, text))
    return sorted(rows)
