"""The part of the page that compares runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from . import _aggregate as aggregate
from ._colours import OKABE_ITO, palette
from ._compare_rows import CURVE_POINTS, CURVES, metric_of, pack_rows, quantities_of, row_of
from ._compare_tables import sentences, tables, tests, wins
from ._data import METRICS, RunData
from ._explain import EXPLANATIONS
from ._payload import json_script, pack_script
from ._strip import strip


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
    rows = [row_of(one, opened.get(one.run.path)) for one in data]
    metric = metric_of(data)
    better = METRICS.get(metric, True)
    quantities = quantities_of(rows)
    scale = 100 if metric == "accuracy" else 1
    methods = _methods(rows)
    view = {
        "explain": EXPLANATIONS["compare"],
        "equation": Markup(EXPLANATIONS["compare"].equation),
        "n": len(rows),
        "metric": metric,
        "sentences": sentences(rows, metric, better, scale),
        "tables": tables(rows, metric, better, scale),
        "wins": wins(rows, better),
        "tests": tests(rows, better, scale),
        "methods": [{"name": m, "colour": c} for m, c in methods.items()],
        "strip": strip(rows, methods, scale),
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
    pack = pack_rows(rows, quantities, payload)
    payload["pack"] = pack.manifest
    return view, json_script("compare-data", payload) + pack_script("compare-pack", pack)


def _methods(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    names = list(dict.fromkeys(row["method"] for row in rows))
    rest = [name for name in names if name != aggregate.DENSE]
    sparse = palette(len(rest)) if len(rest) > len(OKABE_ITO) - 1 else list(OKABE_ITO)
    colours = {name: sparse[i] for i, name in enumerate(rest)}
    return {n: colours.get(n, OKABE_ITO[-1]) for n in names}
