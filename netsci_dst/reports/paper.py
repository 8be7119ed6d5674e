"""Charts for papers: the same objects as the page's, drawn by matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .chart import Chart, Heat, Series
from .colours import palette
from .need import need
from .plotly_chart import heat_range
from .to_csv import with_unit

_MOST_ACROSS = 5
_DASHES = {"solid": "-", "dash": "--", "dot": ":"}
STYLE: dict[str, Any] = {
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
    if any(s.kind == "bar" and np.asarray(s.x).dtype.kind in "US" for s in chart.series):
        _draw_named_bars(axes, chart, colours, scale)
        return
    base: Any = 0
    for i, series in enumerate(chart.series):
        colour = series.colour or colours[i]
        base = _series(axes, series, colour, base if chart.stacked else 0, scale)
        if series.low is not None and series.high is not None:
            low, high = (scale * np.asarray(v, dtype=float) for v in (series.low, series.high))
            axes.fill_between(np.asarray(series.x), low, high, color=colour, alpha=0.15, lw=0)


def _draw_named_bars(axes: Any, chart: Chart, colours: Sequence[str], scale: float) -> None:
    """Draw the bars of all series side by side at each name, with their errors."""
    names = list(dict.fromkeys(str(x) for s in chart.series for x in s.x))
    wide = 0.8 / len(chart.series)
    for i, series in enumerate(chart.series):
        places = np.array([names.index(str(x)) for x in series.x], dtype=float)
        error = None if series.error is None else scale * np.asarray(series.error, dtype=float)
        axes.bar(
            places + (i + 0.5) * wide - 0.4,
            scale * np.asarray(series.y, dtype=float),
            width=0.94 * wide,
            yerr=error,
            capsize=2,
            color=series.colour or colours[i],
            label=plain(series.name, 40) or "_",
            error_kw={"linewidth": 0.8},
        )
    axes.set_xticks(range(len(names)), [plain(name, 24) for name in names])


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


def _ticks(values: Sequence[Any] | None) -> tuple[Sequence[int], Sequence[Any]]:
    """Return places and words of at most six ticks."""
    if values is None:
        return [], []
    places = range(0, len(values), -(-len(values) // 6) or 1)
    return places, [values[place] for place in places]


def _heat(heat: Heat, width: float, height: float) -> Any:
    n = max(len(heat.panels), 1)
    across = n if n <= _MOST_ACROSS else heat.across or _MOST_ACROSS
    down = -(-n // across)
    figure, first = canvas(width * min(across, 3) * 0.7, height * (1 if down == 1 else 0.6 * down))
    first.remove()
    low, top = heat_range(heat)
    grid = figure.subplots(down, across, squeeze=False).ravel()
    for axes in grid[n:]:
        axes.remove()
    grid, image = grid[:n], None
    for axes, panel in zip(grid, heat.panels):
        image = axes.imshow(panel.values, cmap="Blues", vmin=low, vmax=top, aspect="auto")
        if panel.values.shape[0] == panel.values.shape[1]:
            axes.set_aspect("equal")
        axes.set_title(plain(panel.name, 40), fontsize=8)
        axes.set_xlabel(plain(heat.x_label))
        axes.set_xticks(*_ticks(panel.x))
        axes.set_yticks(*_ticks(panel.y))
    for axes in grid[::across]:
        axes.set_ylabel(plain(heat.y_label))
    if image is not None:
        figure.colorbar(image, ax=list(grid), label=plain(heat.label), shrink=0.8)
    return figure
