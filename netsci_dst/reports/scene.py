"""The layered network and the hyperbolic disk drawn by matplotlib, for figures and films."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .colours import population_colours
from .frames import Frames
from .layout import disk_layout
from .need import need

View = Literal["disk", "network"]
MOST_LINKS = 4000


class Scene:
    """One view of a run whose dots and lines are moved, not drawn anew, from frame to frame."""

    def __init__(self, axes: Any, frames: Frames, view: View):
        self.axes = axes
        self.frames = frames
        self.view = view
        self.colours: list[str] = population_colours(len(frames.populations))
        sizes = [p.size for p in frames.populations]
        self.of: NDArray[np.int64] = np.repeat(np.arange(len(sizes)), sizes)
        self.starts: NDArray[np.int64] = np.cumsum([0, *sizes])
        self.top: float = float((frames.degree_in + frames.degree_out).max(initial=1))
        collections = need("matplotlib.collections", "report", "a picture of a network")
        self.lines: list[Any] = [
            collections.LineCollection([], colors=self.colours[s], linewidths=0.4)
            for s, _ in frames.layer_ends
        ]
        for line in self.lines:
            axes.add_collection(line)
        rgb = need("matplotlib.colors", "report", "a picture").to_rgba_array(self.colours)
        self.full: Any = rgb[self.of]
        self.faint: NDArray[np.float64] = np.array([0.78, 0.8, 0.83, 1.0])
        self.dots: Any = axes.scatter(np.zeros(self.of.size), np.zeros(self.of.size), zorder=3)
        self.dots.set_linewidth(0)
        axes.set_axis_off()
        axes.set_aspect("equal")
        if view == "disk":
            axes.set_xlim(-1.06, 1.06)
            axes.set_ylim(-1.06, 1.06)
            circle = need("matplotlib.patches", "report", "a picture").Circle
            axes.add_patch(circle((0, 0), 1.02, fill=False, color="#c9ced6", linewidth=0.6))
            self.r_top: float = max((float(np.nanmax(r)) for r in frames.r), default=1.0)
        else:
            axes.set_xlim(0, 1.3)
            axes.set_ylim(1.02, -0.06)
            x, y = frames.places(1.3)
            self.fixed: tuple[NDArray[np.float64], NDArray[np.float64]] = x * 1.3, y
            for i, p in enumerate(frames.populations[:12]):
                place = (i + 0.5) / len(frames.populations) * 1.3
                name = p.name if len(p.name) < 20 else p.name[:19] + "…"
                axes.text(
                    place, -0.02, name.replace("$", r"\$"), ha="center", fontsize=7, color="#52606f"
                )

    def places(self, t: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return x and y of every neuron at a snapshot; NaN where it is not placed."""
        if self.view == "network":
            return self.fixed
        e = self.frames.embedding_of[t]
        return disk_layout(self.frames.theta[e], self.frames.r[e], self.r_top)

    def show(self, t: int) -> None:
        """Move everything to a snapshot."""
        x, y = self.places(t)
        self.dots.set_offsets(np.column_stack([x, y]))
        degree = self.frames.degree_in[t] + self.frames.degree_out[t]
        many = self.of.size > 1500
        base, gain = (0.6, 9) if many else (3.0, 40)
        self.dots.set_sizes(base + gain * (degree / self.top) ** 1.5)
        self.dots.set_facecolor(np.where((degree > 0)[:, None], self.full, self.faint))
        total = sum(len(keys) for keys in self.frames.links[t]) or 1
        alpha = float(np.clip(12 / np.sqrt(min(total, MOST_LINKS)), 0.06, 0.5))
        for line, (source, target), keys in zip(
            self.lines, self.frames.layer_ends, self.frames.links[t]
        ):
            # Evenly thinned: a film needs the pattern, not every link.
            keys = keys[:: max(1, -(-total // MOST_LINKS))]
            u, v = np.divmod(keys, self.frames.populations[target].size)
            u, v = u + self.starts[source], v + self.starts[target]
            ends = np.stack([np.column_stack([x[u], y[u]]), np.column_stack([x[v], y[v]])], axis=1)
            line.set_segments(ends[np.isfinite(ends).all(axis=(1, 2))])
            line.set_alpha(alpha)


def scene_figure(
    frames: Frames, views: Sequence[View], width: float, height: float
) -> tuple[Any, list[Scene]]:
    """Return a figure with one scene per view, side by side."""
    figure_class = need("matplotlib.figure", "report", "a picture of a network").Figure
    agg = need("matplotlib.backends.backend_agg", "report", "a picture of a network")
    figure = figure_class(figsize=(width, height))
    agg.FigureCanvasAgg(figure)
    wide = [1.3 if view == "network" else 1.0 for view in views]
    left, scenes = 0.0, []
    for view, share in zip(views, wide):
        span = share / sum(wide)
        axes = figure.add_axes((left, 0.0, span, 0.92))
        scenes.append(Scene(axes, frames, view))
        left += span
    return figure, scenes
