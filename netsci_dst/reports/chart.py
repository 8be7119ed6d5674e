"""What a section shows, apart from how it is drawn: page, paper figures and CSV read one object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    import matplotlib.figure
    import plotly.graph_objects

Kind = Literal["line", "points", "line+points", "bar", "step"]


@dataclass(frozen=True)
class Series:
    """One line, cloud of points, or row of bars.

    ``error`` is half the height of the error bar at each point, ``low`` and ``high`` the two edges
    of a band around the line, all in the units of y.

    Examples
    --------
    >>> line = Series("accuracy", x=[1, 2], y=[0.5, 0.7], low=[0.4, 0.6], high=[0.6, 0.8])
    >>> line.kind
    'line'
    """

    name: str
    x: Sequence[float] | Sequence[str] | np.ndarray
    y: Sequence[float] | np.ndarray
    kind: Kind = "line"
    colour: str | None = None
    dash: Literal["solid", "dash", "dot"] = "solid"
    error: Sequence[float] | np.ndarray | None = None
    width: float = 2.0
    low: Sequence[float] | np.ndarray | None = None
    high: Sequence[float] | np.ndarray | None = None


@dataclass(frozen=True)
class Mark:
    """A straight reference line across the chart, with a word.

    Examples
    --------
    >>> Mark("y", 0.5, "chance").at
    0.5
    """

    axis: Literal["x", "y"]
    at: float
    label: str = ""


@dataclass(frozen=True)
class Chart:
    """A chart with two axes.

    With ``live`` a script beside the section draws it on the page (``NS.chart(key, …)``), so that
    it follows the snapshot chosen there; everywhere else this object is drawn. ``x_unit`` and
    ``y_unit`` stand in the axes' titles and in the CSV; ``share`` says that y is a share, to be
    shown in per cent; ``measure`` and ``scope`` name in the CSV what was measured, on what.

    Examples
    --------
    >>> degrees = Series("hidden", x=[1, 2, 3], y=[10, 4, 1], kind="bar")
    >>> mean = Mark("x", 1.4, "mean")
    >>> chart = Chart("degrees", "Degrees", "degree", "neurons", (degrees,), marks=(mean,))
    >>> [series.name for series in chart.series]
    ['hidden']
    """

    key: str
    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    marks: tuple[Mark, ...] = ()
    x_log: bool = False
    y_log: bool = False
    stacked: bool = False
    over_time: bool = False
    live: bool = False
    share: bool = False
    measure: str = ""
    x_unit: str = ""
    y_unit: str = ""
    scope: str = ""
    note: str = ""


@dataclass(frozen=True)
class Panel:
    """One picture of a `Heat`: a matrix with its name, and the values along its two sides.

    Examples
    --------
    >>> Panel("layer 1", np.eye(2), x=["a", "b"]).values.shape
    (2, 2)
    """

    name: str
    values: np.ndarray = field(repr=False)
    x: Sequence[Any] | None = None
    y: Sequence[Any] | None = None


@dataclass(frozen=True)
class Heat:
    """Matrices drawn as pictures side by side, on one colour scale.

    ``across`` is how many stand in a row, where there are more than fit in one.

    Examples
    --------
    >>> picture = Panel("layer 1", np.eye(3))
    >>> heat = Heat("links", "Links", "weight", (picture,), x_label="target", y_label="source")
    >>> heat.panels[0].name
    'layer 1'
    """

    key: str
    title: str
    label: str
    panels: tuple[Panel, ...]
    x_label: str = ""
    y_label: str = ""
    live: bool = False
    from_zero: bool = True
    across: int = 0
    measure: str = ""
    scope: str = ""
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A table; ``fold`` hides it behind its title.

    Examples
    --------
    >>> Table("sizes", "Sizes", ["layer", "links"], [["fc1", "1,000"], ["fc2", "500"]]).rows[0]
    ['fc1', '1,000']
    """

    key: str
    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    fold: bool = False
    note: str = ""


@dataclass(frozen=True)
class Words:
    """A sentence; with ``missing`` one that says why there is nothing, and what would help.

    Examples
    --------
    >>> Words("There are no snapshots.", missing=True, command="netsci-dst train").missing
    True
    """

    text: str
    missing: bool = False
    command: str = ""


@dataclass(frozen=True)
class Control:
    """Something to choose above the charts of a section; a script reads ``app.choice(name)``.

    ``options`` (value -> label) make a list, ``low`` and ``high`` a slider.

    Examples
    --------
    >>> Control("scale", "Scale", options={"linear": "linear", "log": "log"}, value="log").value
    'log'
    """

    name: str
    label: str
    options: Mapping[str, str] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    step: float = 1
    value: str | float = ""


@dataclass(frozen=True)
class View:
    """A picture of its own kind: a script beside the section draws it (``NS.view(key, class)``).

    ``paper`` returns it as a matplotlib figure and ``show`` as a plotly one, where it has them;
    ``first`` is escaped HTML that stands there until the script has run, for good without one.

    Examples
    --------
    >>> View("disk", "Hyperbolic disk", first="<p>No embedding is stored.</p>").wide
    False
    """

    key: str
    title: str
    paper: Callable[[], matplotlib.figure.Figure] | None = None
    show: Callable[[], plotly.graph_objects.Figure] | None = None
    wide: bool = False
    first: str = ""
    numbers: Callable[[], Table] | None = None


@dataclass(frozen=True)
class Data:
    """What the section's script needs on the page: JSON by its key, made only there.

    Examples
    --------
    >>> Data("sizes", lambda: {"layers": 3}).make()
    {'layers': 3}
    """

    key: str
    make: Callable[[], Any]


Block = Chart | Heat | Table | Words | Control | View | Data
Figure = Chart | Heat | View
