"""Charts for papers: the same objects as the page's, drawn by matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ._chart import Chart, Heat, Series
from ._colours import palette
from ._need import need

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


def save(figure: Any, path: Path, dpi: int = 300) -> None:
    """Write a figure as PDF, SVG or PNG by the ending of its path."""
    matplotlib = need("matplotlib", "report", "a figure")
    with matplotlib.rc_context(STYLE):
        figure.savefig(path, dpi=dpi, metadata=_METADATA.get(path.suffix))


def canvas(width: float, height: float) -> tuple[Any, Any]:
    """Return a figure that no window system and no global state knows, and its axes."""
    figure_class = need("matplotlib.figure", "report", "a figure").Figure
    figure = figure_class(figsize=(width, height), layout="constrained")
    need("matplotlib.backends.backend_agg", "report", "a figure").FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def draw(chart: Chart | Heat, width: float = 3.4, height: float = 2.5) -> Any:
    """Return a matplotlib figure of one column's width (inches)."""
    matplotlib = need("matplotlib", "report", "a figure")
    with matplotlib.rc_context(STYLE):
        if isinstance(chart, Heat):
            return _heat(chart, width, height)
        figure, axes = canvas(width, height)
        colours = palette(max(len(chart.series), 1))
        base: Any = 0
        for i, series in enumerate(chart.series):
            base = _series(axes, series, series.colour or colours[i], base)
        for mark in chart.marks:
            line = axes.axvline if mark.axis == "x" else axes.axhline
            line(mark.at, color="#7f7f7f", linestyle=":", linewidth=0.8)
        axes.set_xlabel(plain(chart.x_label))
        axes.set_ylabel(plain(chart.y_label))
        axes.set_title(plain(chart.title), fontsize=8, loc="left")
        if chart.x_log:
            axes.set_xscale("log")
        if chart.y_log:
            axes.set_yscale("log")
        if len(chart.series) > 1:
            axes.legend(ncols=2 if len(chart.series) > 4 else 1)
        return figure


def plain(text: object, limit: int = 80) -> str:
    """Return text that matplotlib shows as it is: a dollar sign would start mathematics."""
    short = str(text)
    if len(short) > limit:
        short = short[: limit - 1] + "…"
    return short.replace("\\", "\\\\").replace("$", r"\$") if "$" in short else short


def _series(axes: Any, series: Series, colour: str, base: Any) -> Any:
    x, y = np.asarray(series.x), np.asarray(series.y, dtype=float)
    label = plain(series.name, 40)
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
        axes.errorbar(x, y, yerr=np.asarray(series.error, dtype=float), capsize=2, **style)
    else:
        axes.plot(x, y, **style)
    return base


def _heat(heat: Heat, width: float, height: float) -> Any:
    n = max(len(heat.panels), 1)
    figure, first = canvas(width * min(n, 3) * 0.7, height)
    first.remove()
    top = max((float(np.max(p.values, initial=0)) for p in heat.panels), default=1) or 1
    grid = figure.subplots(1, n, squeeze=False)[0]
    image = None
    for axes, panel in zip(grid, heat.panels):
        image = axes.imshow(panel.values, cmap="Blues", vmin=0, vmax=top, aspect="auto")
        if panel.values.shape[0] == panel.values.shape[1]:
            axes.set_aspect("equal")
        axes.set_title(plain(panel.name, 40), fontsize=8)
        axes.set_xlabel(plain(heat.x_label))
        axes.set_xticks([])
        axes.set_yticks([])
    grid[0].set_ylabel(plain(heat.y_label))
    if image is not None:
        figure.colorbar(image, ax=list(grid), label=plain(heat.label), shrink=0.8)
    return figure
