"""Charts for papers: the same objects as the page's, drawn by matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .chart import Chart, Heat, Series
from .colours import palette
from .need import need
from .plotly_chart import heat_range
from .to_csv import with_unit

_DASHES = {"solid": "-", "dash": "--", "dot": ":"}
STYLE = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 7,
    "pdf.fonttype": 42,  # text stays text, as journals ask
    "svg.fonttype": "none",
    "svg.hashsalt": "netsci-dst",  # else every file would differ
}
# Without a date the same chart gives the same bytes.
_METADATA: dict[str, dict[str, Any]] = {
    ".pdf": {"CreationDate": None, "Creator": "netsci-dst"},
    ".svg": {"Date": None, "Creator": "netsci-dst"},
    ".png": {"Software": "netsci-dst"},
}


def save(figure: Any, path: Path, dpi: int = 300, *, large: bool = False) -> None:
    """Write a figure as PDF, SVG or PNG by the ending of its path; ``large`` is for slides."""
    if large:
        _enlarge(figure)
    matplotlib = need("matplotlib", purpose="a figure")
    with matplotlib.rc_context(STYLE):
        figure.savefig(path, dpi=dpi, metadata=_METADATA.get(path.suffix))


def _enlarge(figure: Any) -> None:
    """Letters and lines two and a half times as large, to be read from the last row."""
    text, line = need("matplotlib.text").Text, need("matplotlib.lines").Line2D
    for artist in figure.findobj(text):
        artist.set_fontsize(2.5 * artist.get_fontsize())
    for artist in figure.findobj(line):
        artist.set_linewidth(2.5 * artist.get_linewidth())
        artist.set_markersize(2.5 * artist.get_markersize())


def canvas(width: float, height: float) -> tuple[Any, Any]:
    """Return a figure that no window system and no global state knows, and its axes."""
    figure_class = need("matplotlib.figure", purpose="a figure").Figure
    figure = figure_class(figsize=(width, height), layout="constrained")
    need("matplotlib.backends.backend_agg", purpose="a figure").FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def draw(chart: Chart | Heat, width: float = 3.4, height: float = 2.5) -> Any:
    """Return a matplotlib figure of one column's width (inches)."""
    matplotlib = need("matplotlib", purpose="a figure")
    with matplotlib.rc_context(STYLE):
        if isinstance(chart, Heat):
            return _heat(chart, width, height)
        figure, axes = canvas(width, height)
        scale = 100 if chart.share else 1
        _draw_series(axes, chart, scale)
        for mark in chart.marks:
            if mark.axis == "x":
                axes.axvline(mark.at, color="#7f7f7f", linestyle=":", linewidth=0.8)
            else:
                axes.axhline(scale * mark.at, color="#7f7f7f", linestyle=":", linewidth=0.8)
        axes.set_xlabel(plain(with_unit(chart.x_label, chart.x_unit)))
        axes.set_ylabel(plain(with_unit(chart.y_label, "%" if chart.share else chart.y_unit)))
        axes.set_title(plain(chart.title), fontsize=8, loc="left")
        if chart.x_log:
            axes.set_xscale("log")
        if chart.y_log:
            axes.set_yscale("log")
        named = [s for s in chart.series if s.name]
        if 1 < len(named) <= 16:
            axes.legend(ncols=2 if len(named) > 4 else 1)
        return figure


def _draw_series(axes: Any, chart: Chart, scale: float) -> None:
    colours = palette(max(len(chart.series), 1))
    base: Any = 0
    for i, series in enumerate(chart.series):
        colour = series.colour or colours[i]
        base = _series(axes, series, colour, base if chart.stacked else 0, scale)
        if series.low is not None and series.high is not None:
            low, high = (scale * np.asarray(v, dtype=float) for v in (series.low, series.high))
            axes.fill_between(np.asarray(series.x), low, high, color=colour, alpha=0.15, lw=0)


def plain(text: object, limit: int = 80) -> str:
    """Return text that matplotlib shows as it is: a dollar sign would start mathematics."""
    short = str(text)
    if len(short) > limit:
        short = short[: limit - 1] + "…"
    return short.replace("\\", "\\\\").replace("$", r"\$") if "$" in short else short


def _series(axes: Any, series: Series, colour: str, base: Any, scale: float) -> Any:
    x, y = np.asarray(series.x), np.asarray(series.y)
    y = y if y.dtype.kind in "USO" else scale * y.astype(float)
    label = plain(series.name, 40) or "_"
    if series.kind == "bar":
        gaps = np.diff(x.astype(float))
        wide = 0.9 * float(gaps.min()) if gaps.size else 0.9
        axes.bar(x, y, width=wide, bottom=base, color=colour, label=label)
        return base + y
    style = {
        "color": colour,
        "label": label,
        "linestyle": "" if series.kind == "points" else _DASHES[series.dash],
        "marker": "o" if "points" in series.kind else None,
        "markersize": 2.5,
        "linewidth": 0.55 * series.width,
    }
    if series.kind == "step":
        style["drawstyle"] = "steps-post"
    if series.error is not None:
        axes.errorbar(x, y, yerr=scale * np.asarray(series.error, dtype=float), capsize=2, **style)
    else:
        axes.plot(x, y, **style)
    return base


def _heat(heat: Heat, width: float, height: float) -> Any:
    n = max(len(heat.panels), 1)
    figure, first = canvas(width * min(n, 3) * 0.7, height)
    first.remove()
    low, top = heat_range(heat)
    grid = figure.subplots(1, n, squeeze=False)[0]
    image = None
    for axes, panel in zip(grid, heat.panels):
        image = axes.imshow(panel.values, cmap="Blues", vmin=low, vmax=top, aspect="auto")
        if panel.values.shape[0] == panel.values.shape[1]:
            axes.set_aspect("equal")
        axes.set_title(plain(panel.name, 40), fontsize=8)
        axes.set_xlabel(plain(heat.x_label))
        axes.set_xticks([] if panel.x is None else range(len(panel.x)), panel.x or [])
        axes.set_yticks([] if panel.y is None else range(len(panel.y)), panel.y or [])
    grid[0].set_ylabel(plain(heat.y_label))
    if image is not None:
        figure.colorbar(image, ax=list(grid), label=plain(heat.label), shrink=0.8)
    return figure
