"""Small pictures as inline SVG: the first thing seen, before any script has run."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from .colours import population_colours
from .frames import Frames
from .layout import disk_layout

MOST_DOTS, MOST_LINES = 2600, 500


def hero(frames: Frames, most_dots: int = MOST_DOTS) -> Markup:
    """Return the last snapshot as SVG: the hyperbolic disk, or the layers without an embedding."""
    if frames.theta:
        x, y = disk_layout(frames.theta[-1], frames.r[-1])
        return _picture(
            frames, 0.5 + 0.48 * x, 0.5 + 0.48 * y, 1.0, "the hyperbolic disk", most_dots
        )
    x, y = frames.places(1.3)
    return _picture(frames, x, y, 1.3, "its layers", most_dots)


def _picture(
    frames: Frames,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    aspect: float,
    where: str,
    most_dots: int,
) -> Markup:
    width, height = 420.0 * aspect, 420.0
    x, y = x * width, y * height
    degree = frames.degree_in[-1] + frames.degree_out[-1]
    colours = population_colours(len(frames.populations))
    of = np.repeat(np.arange(len(frames.populations)), [p.size for p in frames.populations])
    lines = _lines(frames, x, y, colours)
    shown = np.flatnonzero((degree > 0) & np.isfinite(x))
    if shown.size > most_dots:
        shown = np.sort(shown[np.argsort(-degree[shown], kind="stable")[:most_dots]])
    size = 1.2 + 3.2 * np.sqrt(degree / max(degree.max(), 1)) * min(1, np.sqrt(600 / len(x)) + 0.25)
    dots = []
    for p, colour in enumerate(colours):
        mine = shown[of[shown] == p]
        # A line of no length with a round cap is the shortest way to write a dot.
        for step in (1, 2, 3):
            part = mine[_size_class(size[mine]) == step]
            if part.size:
                path = "".join(f"M{x[i]:.1f} {y[i]:.1f}h0" for i in part)
                dots.append(
                    f'<path d="{path}" stroke="{colour}" stroke-width="{(1.8, 3.2, 5.6)[step - 1]}"'
                    ' stroke-linecap="round" opacity=".85"/>'
                )
    return Markup(
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" class="sketch" fill="none">'
        f"<title>The network at its last snapshot, in {where}</title>{lines}{''.join(dots)}</svg>"
    )


def _size_class(size: NDArray[np.float64]) -> NDArray[np.int64]:
    return 1 + (size > 1.9).astype(np.int64) + (size > 3.0)


def _lines(
    frames: Frames, x: NDArray[np.float64], y: NDArray[np.float64], colours: list[str]
) -> str:
    starts = np.cumsum([0, *(p.size for p in frames.populations)])
    total = sum(len(keys) for keys in frames.links[-1]) or 1
    out = []
    for (source, target), keys in zip(frames.layer_ends, frames.links[-1]):
        most = max(1, MOST_LINES * len(keys) // total)
        keys = keys[:: max(1, len(keys) // most)]
        u, v = np.divmod(keys, frames.populations[target].size)
        u, v = u + starts[source], v + starts[target]
        keep = np.isfinite(x[u]) & np.isfinite(x[v])
        path = "".join(
            f"M{x[a]:.1f} {y[a]:.1f}L{x[b]:.1f} {y[b]:.1f}" for a, b in zip(u[keep], v[keep])
        )
        out.append(f'<path d="{path}" stroke="{colours[source]}" stroke-width=".6" opacity=".22"/>')
    return "".join(out)


def sparkline(values: NDArray[np.float64], colour: str = "#0072B2") -> Markup:
    """Return a curve the size of a word, without axes; empty for fewer than two numbers."""
    y = np.asarray(values, dtype=float)
    y = y[np.isfinite(y)]
    if y.size < 2:
        return Markup("")
    if y.size > 60:
        y = y[np.linspace(0, y.size - 1, 60).round().astype(int)]
    low, span = y.min(), (y.max() - y.min()) or 1.0
    points = " ".join(
        f"{2 + 96 * i / (y.size - 1):.1f},{22 - 20 * (v - low) / span:.1f}" for i, v in enumerate(y)
    )
    return Markup(
        '<svg viewBox="0 0 100 24" class="spark" aria-hidden="true" preserveAspectRatio="none">'
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6" '
        'vector-effect="non-scaling-stroke"/></svg>'
    )
