"""What a chart is, apart from how it is drawn: plotly, matplotlib and CSV read the same object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

Kind = Literal["line", "points", "line+points", "bar", "step"]


@dataclass(frozen=True)
class Series:
    """One line, cloud of points, or row of bars.

    ``error`` is half the height of the error bar at each point, in the units of y.
    """

    name: str
    x: Sequence[float] | Sequence[str] | np.ndarray
    y: Sequence[float] | np.ndarray
    kind: Kind = "line"
    colour: str | None = None
    dash: Literal["solid", "dash", "dot"] = "solid"
    error: Sequence[float] | np.ndarray | None = None
    width: float = 2.0


@dataclass(frozen=True)
class Mark:
    """A straight reference line across the chart, with a word."""

    axis: Literal["x", "y"]
    at: float
    label: str = ""


@dataclass(frozen=True)
class Chart:
    """A chart with two axes."""

    key: str
    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    marks: tuple[Mark, ...] = ()
    x_log: bool = False
    y_log: bool = False
    x_is_epoch: bool = False
    note: str = ""


@dataclass(frozen=True)
class Panel:
    """One picture of a `Heat`: a matrix with its name."""

    name: str
    values: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class Heat:
    """Matrices drawn as pictures side by side, on one colour scale."""

    key: str
    title: str
    label: str
    panels: tuple[Panel, ...]
    x_label: str = ""
    y_label: str = ""
    note: str = ""


def to_csv(chart: Chart | Heat) -> str:
    """Return the numbers behind a chart in long form: one row per point."""
    import csv
    import io

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    if isinstance(chart, Heat):
        writer.writerow(["panel", "row", "column", chart.label])
        for panel in chart.panels:
            for (i, j), value in np.ndenumerate(panel.values):
                writer.writerow([panel.name, i, j, _plain(value)])
        return buffer.getvalue()
    errors = any(series.error is not None for series in chart.series)
    writer.writerow(["series", chart.x_label, chart.y_label, *(["error"] if errors else [])])
    for series in chart.series:
        spread = series.error if series.error is not None else [""] * len(series.x)
        for x, y, e in zip(series.x, series.y, spread):
            writer.writerow([series.name, _plain(x), _plain(y), *([_plain(e)] if errors else [])])
    return buffer.getvalue()


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value
