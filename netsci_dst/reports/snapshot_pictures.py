"""One snapshot of a run: which one, its degrees in a scope, its picture on paper and in plotly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NetsciError, RunError, UnknownName
from ..run import Run
from ..snapshots import Snapshot
from ..topology import Topology
from .colours import population_colours
from .frames import Frames, collect
from .layout import disk_layout
from .need import need
from .plotly_chart import escape
from .run_data import RunData
from .scene import View, scene_figure


def snapshot_of(run: RunData, step: int | None) -> Snapshot:
    """Return the snapshot at a step, the last for None."""
    if not len(run.run.snapshots):
        raise RunError(f"{run.run.path} has no snapshots to show")
    return run.run.snapshots[-1] if step is None else run.run.snapshots.at(step)


def scope_degrees(run: RunData, step: int | None, scope: str) -> tuple[int, NDArray[np.int64]]:
    """Return the step and the degrees of the nodes of a scope, as `degrees_in` has them."""
    snapshot = snapshot_of(run, step)
    return snapshot.step, degrees_in(snapshot.topology, scope)


def degrees_in(topology: Topology, scope: str) -> NDArray[np.int64]:
    """Return the degrees of ``network``, of ``hidden`` neurons, a population or a layer.

    Hidden neurons and populations count all their links, those to other populations too.

    Raises
    ------
    UnknownName
        If there is no such scope.
    """
    if scope == "network":
        return topology.degrees
    if scope in topology.offsets:
        return topology.degrees[topology.nodes(scope)]
    layers = [layer.name for layer in topology.layers]
    if scope in layers:
        return topology.part([scope]).degrees
    hidden = hidden_populations(topology)
    if scope != "hidden" or not hidden:
        inner = ["hidden"] if hidden else []
        raise UnknownName("scope", scope, ["network", *inner, *topology.offsets, *layers])
    return np.concatenate([topology.degrees[topology.nodes(name)] for name in hidden])


def hidden_populations(topology: Topology) -> list[str]:
    """Return the names of the populations between input and output; none in a general network."""
    inner = [p for p in topology.graph_populations if p.role not in ("input", "output")]
    return [p.name for p in inner] if topology.is_layered else []


def node_word(run: RunData, n: int = 2) -> str:
    """Return what the nodes are: neurons of a layered network, nodes of any other."""
    word = "neuron" if run.topology is None or run.topology.is_layered else "node"
    return word if n == 1 else f"{word}s"


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


def one_frame(run: RunData, step: int | None, links: int, view: View) -> Frames:
    """Return the arrays of one snapshot, with at most ``links`` links to draw."""
    if links < 1:
        raise NetsciError(f"links must be at least 1, not {links}")
    if not len(run.run.snapshots):
        raise RunError(f"{run.run.path} has no snapshots to show")
    single = Run.open(run.run.path)
    single.snapshots = _OneSnapshot(run.run, step)  # type: ignore[assignment]
    frames = collect(replace(run, run=single), link_budget=links)
    if frames is None:
        raise RunError(f"{run.run.path} has no sparse links to show")
    if view == "disk" and not frames.theta:
        raise NetsciError(
            "no embedding is stored for this snapshot: nd.analyze(run, measures=['embedding'], "
            f"steps=[{frames.steps[-1]}]) computes it"
        )
    return frames


def picture(run: RunData, view: View, width: float, step: int | None = None) -> Any:
    """Return a snapshot as a matplotlib figure."""
    frames = one_frame(run, step, 12_000, view)
    figure, scenes = scene_figure(frames, [view], width, 3.6)
    scenes[0].show(len(frames.steps) - 1)
    return figure


def drawn(run: RunData, view: View, step: int | None = None, links: int = 3000) -> Any:
    """Return a snapshot as a plotly figure with at most ``links`` links, the strongest."""
    frames = one_frame(run, step, links, view)
    if view == "disk":
        x, y = disk_layout(frames.theta[-1], frames.r[-1])
        return _plotted(run, frames, x, y, "Hyperbolic disk")
    x, y = frames.places(1.3)
    return _plotted(run, frames, x * 1.3, -y, "Layered network" if frames.directed else "Network")


def _plotted(run: RunData, frames: Frames, x: np.ndarray, y: np.ndarray, title: str) -> Any:
    go = need("plotly.graph_objects", purpose="a picture of a network")
    starts = np.cumsum([0, *(p.size for p in frames.populations)])
    colours = population_colours(len(frames.populations))
    degree = frames.degree_in[-1] + frames.degree_out[-1]
    shown = go.Figure()
    for (source, target), keys in zip(frames.layer_ends, frames.links[-1]):
        u, v = np.divmod(keys, frames.populations[target].size)
        _add_links(shown, x, y, u + starts[source], v + starts[target], colours[source])
    word = node_word(run, 1)
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
            text=[f"{word} {k}, {d} links" for k, d in enumerate(degree[own])],
            hoverinfo="text+name",
        )
    drawn_, total = sum(map(len, frames.links[-1])), sum(frames.n_links[-1])
    left_out = "" if drawn_ == total else f"; {drawn_:,} of {total:,} links, {frames.chosen_by}"
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


def _add_links(
    shown: Any, x: np.ndarray, y: np.ndarray, u: np.ndarray, v: np.ndarray, colour: str
) -> None:
    gap = np.full(u.size, np.nan)
    shown.add_scatter(
        x=np.column_stack([x[u], x[v], gap]).ravel(),
        y=np.column_stack([y[u], y[v], gap]).ravel(),
        mode="lines",
        line={"color": colour, "width": 0.5},
        opacity=0.25,
        hoverinfo="skip",
        showlegend=False,
    )
