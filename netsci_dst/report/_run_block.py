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
    describe,
    json_script,
    pack_script,
    packed_json_script,
    packs,
)
from ._plotly import spec
from ._sketch import hero, sparkline
from ._summary import cards, percent, verdict
from ._tables import alternatives, fit_table, measure_rows
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
        **fit_table(data),
        **alternatives(data),
        "measure_rows": measure_rows(data),
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


def _measure_specs(data: RunData) -> list[dict[str, Any]]:
    pairs = list(dict.fromkeys((k[0], k[1]) for k in data._groups))
    made = []
    for measure, quantity in sorted(pairs):
        chart = structure.measure_chart(data, measure, quantity)
        if chart.series:
            label = f"{measure}: {quantity}".replace("_", " ")
            made.append({"label": label, "key": chart.key, **spec(chart)})
    return made
