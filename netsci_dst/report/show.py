"""Figures of a run for a notebook: each function returns a plotly figure.

Every function takes a `Run` or its path; those of one snapshot take ``step``, the last by default.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..errors import NetsciError, RunError
from ..run import Run
from ._colours import palette
from ._data import RunData
from ._frames import Frames, collect
from ._layout import disk_layout, network_layout
from ._need import need
from ._page import open_runs
from ._plotly import escape, figure
from .charts import degrees as _degrees
from .charts import evolution as _evolution
from .charts import structure as _structure
from .charts import training as _training

RunLike = Run | str | os.PathLike[str]

__all__ = [
    "adjacency",
    "ccdf",
    "degrees",
    "disk",
    "dormant",
    "evolution",
    "input_map",
    "k_shells",
    "measure",
    "network",
    "slider",
    "training",
]


def training(run: RunLike, what: str | None = None) -> Any:
    """Show a training curve: ``accuracy``, ``loss``, ``lr`` …; by default the first recorded."""
    charts = {chart.key.removeprefix("training-"): chart for chart in _training.charts(_data(run))}
    return figure(_pick(charts, what, "training curve"))


def evolution(run: RunLike, statistic: str | None = None) -> Any:
    """Show a statistic of the topology updates by layer, such as ``overlap`` or ``itop``."""
    charts = {c.key.removeprefix("evolution-"): c for c in _evolution.charts(_data(run))}
    return figure(_pick(charts, statistic, "statistic"))


def ccdf(run: RunLike, step: int | None = None, scope: str = "network") -> Any:
    """Show the degrees' log-log complementary cumulative distribution with its fit."""
    return figure(_degrees.ccdf_chart(_data(run), step, scope))


def degrees(run: RunLike, step: int | None = None, scope: str = "network") -> Any:
    """Show the histogram of degrees."""
    return figure(_degrees.histogram_chart(_data(run), step, scope))


def k_shells(run: RunLike, step: int | None = None) -> Any:
    """Show how many neurons of each population lie in each k-shell."""
    shown = figure(_structure.k_shell_chart(_data(run), step))
    shown.update_layout(barmode="stack")
    return shown


def adjacency(run: RunLike, step: int | None = None) -> Any:
    """Show each layer's adjacency matrix, neurons sorted by degree."""
    return figure(_structure.adjacency_chart(_data(run), step))


def input_map(run: RunLike, step: int | None = None) -> Any:
    """Show the degrees of the inputs on their grid."""
    shown = figure(_structure.input_map_chart(_data(run), step))
    shown.update_yaxes(scaleanchor="x")
    return shown


def dormant(run: RunLike, threshold: int = 10) -> Any:
    """Show the share of neurons with at most ``threshold`` links through the snapshots."""
    return figure(_structure.dormant_chart(_data(run), threshold))


def measure(run: RunLike, name: str, quantity: str) -> Any:
    """Show any quantity of any measure through the snapshots, a line per scope."""
    data = _data(run)
    chart = _structure.measure_chart(data, name, quantity)
    if not chart.series:
        known = sorted({q for q, _ in data.quantities(name)})
        hint = f"it has {', '.join(known)}" if known else "compute it with nd.analyze"
        raise NetsciError(f"{data.name} holds no {quantity!r} of measure {name!r}; {hint}")
    return figure(chart)


def network(run: RunLike, step: int | None = None, links: int = 3000) -> Any:
    """Show the layered network with at most ``links`` links, the strongest; never over 12,000."""
    frames = _one(run, step, links)
    x, y = network_layout(frames.populations, 1.3)
    return _drawn(frames, x * 1.3, -y, "Layered network")


def disk(run: RunLike, step: int | None = None, links: int = 3000) -> Any:
    """Show the hyperbolic disk with ``links`` links as `network` does; needs a stored embedding."""
    frames = _one(run, step, links)
    if not frames.theta:
        raise NetsciError(
            "no embedding is stored for this snapshot: nd.analyze(run, measures=['embedding'], "
            f"steps=[{frames.steps[-1]}]) computes it"
        )
    x, y = disk_layout(frames.theta[-1], frames.r[-1])
    return _drawn(frames, x, y, "Hyperbolic disk")


def slider(run: RunLike, view: Any = ccdf) -> Any:
    """Return an ipywidgets slider over the snapshots with one of the views of this module below.

    Examples
    --------
    ``nd.show.slider(run, nd.show.k_shells)`` in a notebook.
    """
    widgets = need("ipywidgets", "notebook", "a slider in a notebook")
    opened = open_runs(run)[0]
    steps = opened.snapshots.steps
    if not steps:
        raise RunError(f"{opened.path} has no snapshots to slide over")
    if isinstance(view, str):
        view = {name: globals()[name] for name in __all__}.get(view) or _refuse_view(view)
    control = widgets.SelectionSlider(options=steps, value=steps[-1], description="step")
    shown = need("plotly.graph_objects", "report", "a figure").FigureWidget(view(opened, steps[-1]))

    def move(change: Any) -> None:
        fresh = view(opened, change["new"])
        with shown.batch_update():
            shown.data = []
            shown.add_traces(list(fresh.data))
            shown.layout = fresh.layout

    control.observe(move, names="value")
    return widgets.VBox([control, shown])


def _refuse_view(name: str) -> Any:
    from ..errors import UnknownName

    raise UnknownName("view", name, __all__)


def _data(run: RunLike) -> RunData:
    return RunData(open_runs(run)[0])


def _pick(charts: dict[str, Any], name: str | None, what: str) -> Any:
    from ..errors import UnknownName

    if not charts:
        raise RunError(f"the run recorded no {what}")
    if name is None:
        return next(iter(charts.values()))
    if name not in charts:
        raise UnknownName(what, name, charts)
    return charts[name]


class _OneSnapshot:
    """The snapshots of a run cut down to one, in the form that `collect` reads."""

    def __init__(self, run: Run, step: int | None):
        whole = run.snapshots
        place = -1 if step is None else whole.steps.index(whole.at(step).step)
        self.snapshot = whole[place]
        self.index = [whole.index[place]]

    def __len__(self) -> int:
        return 1

    def __getitem__(self, i: int) -> Any:
        return self.snapshot


def _one(run: RunLike, step: int | None, links: int) -> Frames:
    if links < 1:
        raise NetsciError(f"links must be at least 1, not {links}")
    opened = open_runs(run)[0]
    if not len(opened.snapshots):
        raise RunError(f"{opened.path} has no snapshots to show")
    single = Run.open(opened.path)
    single.snapshots = _OneSnapshot(opened, step)  # type: ignore[assignment]
    frames = collect(RunData(single), link_budget=links)
    if frames is None:
        raise RunError(f"{opened.path} has no sparse links to show")
    return frames


def _drawn(frames: Frames, x: np.ndarray, y: np.ndarray, title: str) -> Any:
    go = need("plotly.graph_objects", "report", "a picture of a network")
    starts = np.cumsum([0, *(p.size for p in frames.populations)])
    colours = palette(len(frames.populations))
    degree = frames.degree_in[-1] + frames.degree_out[-1]
    shown = go.Figure()
    for (source, target), keys in zip(frames.layer_ends, frames.links[-1]):
        u, v = np.divmod(keys, frames.populations[target].size)
        u, v = u + starts[source], v + starts[target]
        gap = np.full(u.size, np.nan)
        shown.add_scatter(
            x=np.column_stack([x[u], x[v], gap]).ravel(),
            y=np.column_stack([y[u], y[v], gap]).ravel(),
            mode="lines",
            line={"color": colours[source], "width": 0.5},
            opacity=0.25,
            hoverinfo="skip",
            showlegend=False,
        )
    for i, p in enumerate(frames.populations):
        own = slice(starts[i], starts[i + 1])
        shown.add_scatter(
            x=x[own],
            y=y[own],
            mode="markers",
            name=escape(p.name),
            marker={
                "color": colours[i],
                "size": 3 + 9 * np.sqrt(degree[own] / max(degree.max(), 1)),
                "opacity": np.where(degree[own] > 0, 1.0, 0.2),
            },
            text=[f"neuron {k}, {d} links" for k, d in enumerate(degree[own])],
            hoverinfo="text+name",
        )
    drawn, total = sum(map(len, frames.links[-1])), sum(frames.n_links[-1])
    left_out = "" if drawn == total else f"; {drawn:,} of {total:,} links, {frames.chosen_by}"
    blank = {"visible": False}
    shown.update_layout(
        template="plotly_white",
        title=f"{title}, step {frames.steps[-1]}{left_out}",
        xaxis=blank,
        yaxis={**blank, "scaleanchor": "x"},
        height=560,
        margin={"l": 10, "r": 10, "t": 50, "b": 10},
    )
    return shown
