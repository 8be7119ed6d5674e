"""Charts as plotly specifications: plain dictionaries, so that a report needs no plotly objects."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ._chart import Chart, Heat, Series
from ._colours import palette

_MODES = {"line": "lines", "points": "markers", "line+points": "lines+markers", "step": "lines"}


def escape(text: object, limit: int = 60) -> str:
    """Return text that plotly shows as it is: its labels read a few HTML tags and entities."""
    short = str(text)
    if len(short) > limit:
        short = short[: limit - 1] + "…"
    return short.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def spec(chart: Chart | Heat) -> dict[str, Any]:
    """Return ``{"data": [...], "layout": {...}}`` for a chart."""
    return _heat(chart) if isinstance(chart, Heat) else _chart(chart)


def figure(chart: Chart | Heat) -> Any:
    """Return a ``plotly.graph_objects.Figure``."""
    from ._need import need

    go = need("plotly.graph_objects", "report", "an interactive chart")
    made = spec(chart)
    made["layout"] |= {"template": "plotly_white", "title": {"text": escape(chart.title, 120)}}
    made["layout"]["margin"] = {"l": 60, "r": 20, "t": 50, "b": 50}
    return go.Figure(made)


def _chart(chart: Chart) -> dict[str, Any]:
    colours = palette(max(len(chart.series), 1))
    data = [_trace(s, s.colour or colours[i]) for i, s in enumerate(chart.series)]
    shapes, notes = [], []
    for mark in chart.marks:
        across = "y" if mark.axis == "x" else "x"
        shapes.append(
            {
                "type": "line",
                f"{across}ref": f"{across} domain",
                f"{across}0": 0,
                f"{across}1": 1,
                f"{mark.axis}0": mark.at,
                f"{mark.axis}1": mark.at,
                "line": {"dash": "dot", "width": 1.5, "color": "#7f7f7f"},
            }
        )
        if mark.label:
            log = chart.y_log if mark.axis == "y" else chart.x_log
            notes.append(
                {
                    f"{across}ref": f"{across} domain",
                    across: 1,
                    mark.axis: math.log10(mark.at) if log else mark.at,
                    "text": escape(mark.label),
                    "showarrow": False,
                    f"{across}anchor": "right" if across == "x" else "top",
                    "yanchor": "bottom",
                    "font": {"size": 11},
                }
            )
    layout = {
        "xaxis": {"title": {"text": escape(chart.x_label)}, **_axis(chart.x_log)},
        "yaxis": {"title": {"text": escape(chart.y_label)}, **_axis(chart.y_log), **_room(chart)},
        "showlegend": len(chart.series) > 1,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "shapes": shapes,
        "annotations": notes,
    }
    return {"data": data, "layout": layout}


def _axis(log: bool) -> dict[str, Any]:
    return {"type": "log", "dtick": 1, "exponentformat": "power"} if log else {}


def _room(chart: Chart) -> dict[str, Any]:
    """Begin the axis of what hardly changes at zero, so that rounding does not look like a jump."""
    values = [float(y) for s in chart.series for y in s.y if not isinstance(y, str)]
    values = [y for y in values if math.isfinite(y)]
    if chart.y_log or not values or min(values) <= 0 or min(values) < 0.995 * max(values):
        return {}
    return {"range": [0, 1.25 * max(values)]}


def _trace(series: Series, colour: str) -> dict[str, Any]:
    trace: dict[str, Any] = {
        "name": escape(series.name),
        "x": numbers(series.x),
        "y": numbers(series.y),
    }
    if series.error is not None:
        trace["error_y"] = {
            "array": numbers(series.error),
            "thickness": 1.2,
            "width": 3,
            "color": colour,
        }
    if series.kind == "bar":
        return trace | {"type": "bar", "marker": {"color": colour}}
    shape = "hv" if series.kind == "step" else "linear"
    return trace | {
        "type": "scatter",
        "mode": _MODES[series.kind],
        "line": {"color": colour, "width": series.width, "dash": series.dash, "shape": shape},
        "marker": {"color": colour, "size": 6},
    }


def _heat(heat: Heat) -> dict[str, Any]:
    top = max((float(np.max(p.values, initial=0)) for p in heat.panels), default=1) or 1
    data, layout = [], {"annotations": []}
    n = max(len(heat.panels), 1)
    for i, panel in enumerate(heat.panels):
        x, y = f"xaxis{i + 1 if i else ''}", f"yaxis{i + 1 if i else ''}"
        start, end = i / n, (i + 0.88) / n
        data.append(
            {
                "type": "heatmap",
                "name": escape(panel.name),
                "z": np.round(np.asarray(panel.values, dtype=float), 6).tolist(),
                "xaxis": x.replace("axis", ""),
                "yaxis": y.replace("axis", ""),
                "zmin": 0,
                "zmax": top,
                "colorscale": "Blues",
                "showscale": i == n - 1,
                "colorbar": {"title": {"text": escape(heat.label)}},
            }
        )
        layout[x] = {"domain": [start, end], "title": {"text": escape(heat.x_label)}}
        layout[y] = {
            "anchor": x.replace("axis", ""),
            "autorange": "reversed",
            "title": {"text": escape(heat.y_label) if i == 0 else ""},
        }
        layout["annotations"].append(
            {
                "text": escape(panel.name),
                "x": (start + end) / 2,
                "y": 1.02,
                "xref": "paper",
                "yref": "paper",
                "yanchor": "bottom",
                "showarrow": False,
            }
        )
    return {"data": data, "layout": layout}


def numbers(values: Iterable[Any]) -> list[Any]:
    """Return JSON numbers of six digits, with None for NaN and infinity."""
    out: list[Any] = []
    for value in values:
        if isinstance(value, str):
            out.append(escape(value))
        elif value is None or not math.isfinite(value):
            out.append(None)
        else:
            out.append(int(value) if float(value).is_integer() else float(f"{value:.6g}"))
    return out
