"""Charts as plotly specifications: plain dictionaries, so that a report needs no plotly objects."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from .chart import Chart, Heat, Series
from .colours import palette
from .to_csv import with_unit

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

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


def figure(chart: Chart | Heat) -> Figure:
    """Return a chart as a plotly figure."""
    from .need import need

    go = need("plotly.graph_objects", purpose="an interactive chart")
    made = spec(chart)
    made["layout"] |= {"template": "plotly_white", "title": {"text": escape(chart.title, 120)}}
    made["layout"]["margin"] = {"l": 60, "r": 20, "t": 50, "b": 50}
    return go.Figure(made)


def _chart(chart: Chart) -> dict[str, Any]:
    colours = palette(max(len(chart.series), 1))
    data = []
    for i, series in enumerate(chart.series):
        data += _traces(series, series.colour or colours[i], 100 if chart.share else 1)
    scale = 100 if chart.share else 1
    shapes, notes = [], []
    for mark in chart.marks:
        across = "y" if mark.axis == "x" else "x"
        at = mark.at * (scale if mark.axis == "y" else 1)
        shapes.append(
            {
                "type": "line",
                f"{across}ref": f"{across} domain",
                f"{across}0": 0,
                f"{across}1": 1,
                f"{mark.axis}0": at,
                f"{mark.axis}1": at,
                "line": {"dash": "dot", "width": 1.5, "color": "#7f7f7f"},
            }
        )
        if mark.label:
            log = chart.y_log if mark.axis == "y" else chart.x_log
            notes.append(
                {
                    f"{across}ref": f"{across} domain",
                    across: 1,
                    mark.axis: math.log10(at) if log else at,
                    "text": escape(mark.label),
                    "showarrow": False,
                    # Beside a vertical line, below the legend; above a horizontal one.
                    "xanchor": "right" if across == "x" else "left",
                    "yanchor": "bottom" if across == "x" else "top",
                    "xshift": 0 if across == "x" else 3,
                    "font": {"size": 11},
                }
            )
    x_title = escape(with_unit(chart.x_label, chart.x_unit))
    y_title = escape(with_unit(chart.y_label, "%" if chart.share else chart.y_unit))
    layout: dict[str, Any] = {
        "xaxis": {"title": {"text": x_title}, **_axis(chart, "x")},
        "yaxis": {"title": {"text": y_title}, **_axis(chart, "y"), **_room(chart, scale)},
        # A point in a row of its own is named by its axis.
        "showlegend": len(chart.series) > 1
        and any(len(s.x) > 1 or s.kind == "bar" for s in chart.series),
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "shapes": shapes,
        "annotations": notes,
    }
    if chart.stacked:
        layout["barmode"] = "stack"
    return {"data": data, "layout": layout}


def _axis(chart: Chart, axis: str) -> dict[str, Any]:
    """Return type, range and ticks of an axis: a logarithmic one is labelled 1, 10, 100."""
    if not (chart.x_log if axis == "x" else chart.y_log):
        return {"dtick": 1} if axis == "x" and (_few_whole(chart) or _few_epochs(chart)) else {}
    found = np.concatenate(
        [np.asarray(getattr(s, axis), dtype=float).ravel() for s in chart.series] or [np.zeros(0)]
    )
    found = found[np.isfinite(found) & (found > 0)]
    if not found.size:
        return {"type": "log"}
    low, high = math.log10(found.min()), math.log10(found.max())
    pad = max(0.06, 0.05 * (high - low))
    ticks = log_ticks(low - pad, high + pad)
    return {
        "type": "log",
        "range": [low - pad, high + pad],
        "tickmode": "array",
        "tickvals": ticks,
        "ticktext": [_power(tick) for tick in ticks],
    }


def _few_epochs(chart: Chart) -> bool:
    """Whether the axis shows a few epochs: there is no half of one to label."""
    if chart.x_label != "epoch":
        return False
    found = np.concatenate([np.asarray(s.x, dtype=float) for s in chart.series] or [np.zeros(0)])
    return found.size > 0 and 1 <= float(np.ptp(found)) <= 9


def _few_whole(chart: Chart) -> bool:
    """Whether bars stand at a few whole numbers: each is labelled, and nothing between them."""
    bars = [s for s in chart.series if s.kind == "bar"]
    if not bars or any(isinstance(x, str) for s in bars for x in s.x):
        return False
    found = np.concatenate([np.asarray(s.x, dtype=float) for s in bars])
    whole = found.size > 0 and bool((found == np.rint(found)).all())
    return whole and float(np.ptp(found)) < 10


def log_ticks(low: float, high: float) -> list[float]:
    """Return ticks between two powers of ten: whole powers, with 2 and 5 where there are few.

    Examples
    --------
    >>> log_ticks(0, 3), log_ticks(0, 1)
    ([1.0, 10.0, 100.0, 1000.0], [1.0, 2.0, 5.0, 10.0])
    """
    parts = (1,) if high - low > 2.2 else (1, 2, 5)
    powers = range(math.floor(low), math.ceil(high) + 1)
    every = max(1, math.ceil((high - low) / 8)) if len(parts) == 1 else 1
    ticks = [float(f"{part}e{k}") for k in powers if k % every == 0 for part in parts]
    return [t for t in ticks if low - 1e-9 <= math.log10(t) <= high + 1e-9]


def _power(value: float) -> str:
    if 1e-3 <= value < 1e5:
        return f"{value:g}"
    mantissa, power = f"{value:.0e}".split("e")
    front = "" if mantissa == "1" else f"{mantissa}·"
    return f"{front}10<sup>{int(power)}</sup>"


def _room(chart: Chart, scale: float) -> dict[str, Any]:
    """Give what hardly changes an axis of 1 % of it: rounding is no jump."""
    values = [float(y) for s in chart.series for y in s.y if not isinstance(y, str)]
    values = [scale * y for y in values if math.isfinite(y)]
    values += [scale * mark.at for mark in chart.marks if mark.axis == "y"]
    if chart.y_log or not values or any(s.kind == "bar" for s in chart.series):
        return {}
    low, high = min(values), max(values)
    if low == high == 0:
        return {"range": [-0.05, 1]}
    if high - low > 0.01 * abs(high) or low <= 0:
        return {}
    top = high + 0.01 * abs(high)
    # There is no share above all.
    return {"range": [low - 0.01 * abs(high), min(top, 100.1) if chart.share else top]}


def _traces(series: Series, colour: str, scale: float) -> list[dict[str, Any]]:
    trace: dict[str, Any] = {
        "name": escape(series.name),
        "x": numbers(series.x),
        "y": numbers(series.y, scale),
    }
    if series.error is not None:
        trace["error_y"] = {
            "array": numbers(series.error, scale),
            "thickness": 1.2,
            "width": 3,
            "color": colour,
        }
    if series.kind == "bar":
        return [trace | {"type": "bar", "marker": {"color": colour}}]
    shape = "hv" if series.kind == "step" else "linear"
    trace |= {
        "type": "scatter",
        "mode": _MODES[series.kind],
        "line": {"color": colour, "width": series.width, "dash": series.dash, "shape": shape},
        "marker": {"color": colour, "size": 6},
    }
    return [trace, *_band(series, colour, scale)]


def _band(series: Series, colour: str, scale: float) -> list[dict[str, Any]]:
    if series.low is None or series.high is None:
        return []
    x = numbers(series.x)
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [*x, *reversed(x)],
            "y": [*numbers(series.high, scale), *reversed(numbers(series.low, scale))],
            "fill": "toself",
            "fillcolor": f"{colour}26",
            "line": {"width": 0},
            "hoverinfo": "skip",
            "showlegend": False,
        }
    ]


def heat_range(heat: Heat) -> tuple[float, float]:
    """Return the ends of the colour scale, that of the finite values or from zero."""
    found = [np.asarray(p.values, dtype=float) for p in heat.panels]
    finite = np.concatenate([v[np.isfinite(v)].ravel() for v in found] or [np.zeros(1)])
    top = float(finite.max(initial=0 if heat.from_zero else -math.inf)) if finite.size else 1.0
    low = 0.0 if heat.from_zero or not finite.size else float(finite.min())
    return low, top if top > low else low + (abs(low) or 1.0)


def _heat(heat: Heat) -> dict[str, Any]:
    low, top = heat_range(heat)
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": []}
    n = max(len(heat.panels), 1)
    across = min(n, heat.across or n)
    down = -(-n // across)
    for i, panel in enumerate(heat.panels):
        x, y = f"xaxis{i + 1 if i else ''}", f"yaxis{i + 1 if i else ''}"
        row, column = divmod(i, across)
        start, end = column / across, (column + 0.88) / across
        top_of_row = 1 - row / down
        data.append(
            {
                "type": "heatmap",
                "name": escape(panel.name),
                "z": [numbers(row) for row in np.asarray(panel.values, dtype=float)],
                **({} if panel.x is None else {"x": [escape(v) for v in panel.x]}),
                **({} if panel.y is None else {"y": [escape(v) for v in panel.y]}),
                "xaxis": x.replace("axis", ""),
                "yaxis": y.replace("axis", ""),
                "zmin": low,
                "zmax": top,
                "colorscale": "Blues",
                "showscale": i == n - 1,
                "colorbar": {"title": {"text": escape(heat.label)}},
            }
        )
        layout[x] = {
            **({} if panel.x is None else {"type": "category"}),
            "domain": [start, end],
            **({} if down == 1 else {"anchor": y.replace("axis", "")}),
            "title": {"text": escape(heat.x_label)},
        }
        layout[y] = {
            **({"type": "category"} if panel.y is not None else {"autorange": "reversed"}),
            "anchor": x.replace("axis", ""),
            **({} if down == 1 else {"domain": [top_of_row - 0.8 / down, top_of_row]}),
            "title": {"text": escape(heat.y_label) if column == 0 else ""},
        }
        layout["annotations"].append(
            {
                "text": escape(panel.name),
                "x": (start + end) / 2,
                "y": top_of_row + 0.02 / down,
                "xref": "paper",
                "yref": "paper",
                "yanchor": "bottom",
                "showarrow": False,
            }
        )
    return {"data": data, "layout": layout}


def numbers(values: Iterable[Any], scale: float = 1) -> list[Any]:
    """Return JSON numbers of seven digits, with None for NaN and infinity."""
    array = np.asarray(values if hasattr(values, "__len__") else list(values))
    mixed = array.dtype == object and any(isinstance(v, str) for v in array)
    if mixed or array.dtype.kind in "US":
        return [escape(value) for value in values]
    out: list[Any] = []
    for value in (array.astype(float) * scale).tolist():
        if not math.isfinite(value):
            out.append(None)
        else:
            out.append(int(value) if value.is_integer() else float(f"{value:.7g}"))
    return out
