"""One run's part of the page: words, tables and chart specifications for the template."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from markupsafe import Markup

from . import _layout as layout
from ._chart import Chart, Series
from ._colours import palette
from ._data import RunData
from ._explain import EXPLANATIONS
from ._frames import Frames, collect, communities
from ._payload import (
    FIT_MEASURES,
    describe,
    json_script,
    pack_script,
    packed_json_script,
    packs,
)
from ._plotly import spec
from ._sketch import hero, sparkline
from ._summary import cards, percent, verdict
from .charts import evolution, structure, training

Progress = Callable[[int, int], None]


def run_block(
    data: RunData,
    identity: str,
    *,
    baseline: RunData | None = None,
    max_frames: int,
    link_budget: int,
    progress: Progress | None = None,
) -> tuple[dict[str, Any], Markup]:
    """Return the template's variables for a run, and its data blocks."""
    frames = collect(data, max_frames=max_frames, link_budget=link_budget, progress=progress)
    charts = _charts(data)
    view = {
        "id": identity,
        "name": data.name,
        "path": data.run.path,
        "facts": _facts(data),
        "verdict": verdict(data, baseline),
        "cards": [_with_spark(card, data) for card in cards(data)],
        "hero": hero(frames) if frames else None,
        "thumb": hero(frames, 900) if frames else None,
        "legend": _legend(frames),
        "layer_legend": _layer_legend(charts["evolution"]),
        "notes": frames.notes if frames else [],
        "charts": charts,
        "has_frames": frames is not None,
        "n_frames": len(frames.steps) if frames else 0,
        "has_embedding": bool(frames and frames.theta),
        "has_community": bool(frames and communities(data, frames) is not None),
        "has_activity": bool(frames and any(a is not None for a in frames.activity)),
        "paths_measure": PATHS,
        "recipe": _recipe(data),
        "provenance": json.dumps(data.provenance, indent=2, default=str, ensure_ascii=False),
        **_fit_table(data),
        **_alternatives(data),
        "measure_rows": _measure_rows(data),
    }
    view["sections"] = _sections(view, data, frames)
    view["explain"] = {
        key: {
            **dataclasses.asdict(e),
            "equation": Markup(e.equation),
            "uid": f"{identity}-{key}",
        }
        for key, e in EXPLANATIONS.items()
    }
    return view, _blocks(data, frames, charts, identity)


def _blocks(
    data: RunData, frames: Frames | None, charts: dict[str, list[Chart]], identity: str
) -> Markup:
    payload = describe(data, frames, identity)
    drawn = {
        "charts": {
            chart.key: _page_spec(chart, group)
            for group, found in charts.items()
            for chart in found
        },
        "measures": _measure_specs(data),
    }
    payload["packs"] = {}
    blocks = Markup("")
    for name, pack in (packs(data, frames) if frames else {}).items():
        payload["packs"][name] = pack.manifest
        blocks += pack_script(f"{identity}-pack-{name}", pack)
    blocks += packed_json_script(f"{identity}-charts", drawn)
    return json_script(f"{identity}-data", payload) + blocks


MOST_POINTS = 1500


def _page_spec(chart: Chart, group: str) -> dict[str, Any]:
    series = tuple(_thinned(s) for s in chart.series)
    made = {**spec(dataclasses.replace(chart, series=series)), "xIsEpoch": chart.x_is_epoch}
    if group == "evolution":
        # The layers' colours are the same in every chart: the section has one legend for all.
        made["layout"]["showlegend"] = False
    return made


def _thinned(series: Series) -> Series:
    n = len(series.x)
    if n <= MOST_POINTS:
        return series
    kept = np.unique(np.linspace(0, n - 1, MOST_POINTS).round().astype(int))
    return dataclasses.replace(
        series, x=np.asarray(series.x)[kept], y=np.asarray(series.y, dtype=float)[kept]
    )


def _layer_legend(charts: list[Chart]) -> list[dict[str, str]]:
    named = {s.name: s.colour or "" for chart in charts for s in chart.series}
    return [{"name": name, "colour": colour} for name, colour in named.items()][:40]


def _charts(data: RunData) -> dict[str, list[Chart]]:
    return {
        "training": training.charts(data),
        "evolution": evolution.charts(data),
        "degrees": [
            *_named(data, "power_law", ("alpha", "gamma")),
            *_named(data, "power_law_test", ("p_value",)),
        ],
        "paths": _named(data, PATHS, ("paths", "hub_share_every", "hub_share_any")),
    }


PATHS = "credit_paths"


def _named(data: RunData, measure: str, quantities: tuple[str, ...] | None) -> list[Chart]:
    present = list(dict.fromkeys(q for q, _ in data.quantities(measure)))
    wanted = present if quantities is None else [q for q in quantities if q in present]
    made = [structure.measure_chart(data, measure, quantity) for quantity in wanted]
    return [chart for chart in made if any(len(s.x) > 1 for s in chart.series)]


def _sections(view: dict[str, Any], data: RunData, frames: Frames | None) -> list[str]:
    layered = frames is not None and frames.directed
    pictures = frames is not None and any(layout.on_grid(p) for p in frames.populations)
    shown = {
        "film": frames is not None,
        "training": bool(view["charts"]["training"]),
        "evolution": bool(view["charts"]["evolution"]),
        "degrees": frames is not None,
        "k_shells": frames is not None,
        "adjacency": frames is not None,
        "inputs": pictures,
        "dormant": frames is not None,
        "paths": layered,
        "measures": True,
        "provenance": True,
    }
    return [key for key, there in shown.items() if there]


def _facts(data: RunData) -> list[str]:
    facts = [f"method {data.method}", f"data {data.dataset}", f"model {data.model}"]
    if data.topology is not None and data.topology.layers:
        facts.append(f"sparsity {percent(data.sparsity)}")
    if data.seed is not None:
        facts.append(f"seed {data.seed}")
    facts.append(data.run.status)
    return [fact for fact in facts if not fact.endswith(" ?")]


def _with_spark(card: Any, data: RunData) -> dict[str, Any]:
    spark = Markup("")
    if card.key == "quality" and data.metric:
        spark = sparkline(data.curve(data.metric)[1])
    elif card.key in ("anp", "itop", "elm") and not data.evolution.empty:
        column = "overlap" if card.key == "elm" else card.key
        frame = data.whole_evolution
        if column in frame:
            spark = sparkline(frame[column].to_numpy(dtype=float))
    elif card.key in ("alpha", "gamma"):
        spark = sparkline(data.series("power_law", card.key)["value"].to_numpy(dtype=float))
    return {**dataclasses.asdict(card), "spark": spark}


def _legend(frames: Frames | None) -> list[dict[str, str]]:
    if frames is None or len(frames.populations) > 12:
        return []
    colours = palette(len(frames.populations))
    return [{"name": p.name, "colour": c} for p, c in zip(frames.populations, colours)]


def _recipe(data: RunData) -> str:
    if not data.run.store.exists("recipe.toml"):
        return "No recipe was recorded."
    return data.run.store.read("recipe.toml").decode("utf-8", "replace")


_FIT_COLUMNS = {
    "alpha": "α",
    "sigma": "σ",
    "xmin": "k_min",
    "n_tail": "neurons in tail",
    "ks": "KS",
    "p_value": "p",
    "gamma": "γ",
}


def _fit_table(data: RunData) -> dict[str, Any]:
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


def _alternatives(data: RunData) -> dict[str, Any]:
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


def _measure_rows(data: RunData) -> list[tuple[str, ...]]:
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


def _measure_specs(data: RunData) -> list[dict[str, Any]]:
    pairs = list(dict.fromkeys((k[0], k[1]) for k in data._groups))
    made = []
    for measure, quantity in sorted(pairs):
        chart = structure.measure_chart(data, measure, quantity)
        if chart.series:
            label = f"{measure}: {quantity}".replace("_", " ")
            made.append({"label": label, "key": chart.key, **spec(chart)})
    return made
