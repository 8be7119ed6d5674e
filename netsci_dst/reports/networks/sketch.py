"""The first picture of a network, there before any script has run."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from ..colours import CATEGORIES, NEUTRAL
from ..frames import Frames
from .data import NetworkData

WIDTH, HEIGHT = 546.0, 420.0
MOST_DOTS, MOST_LINES, MOST_NAMES = 2600, 1600, 12


def drawing(network: NetworkData, frames: Frames) -> Markup:
    """Return the network as SVG: coloured by community, the best linked nodes by name."""
    x, y = frames.places(1.3)
    x, y = x * WIDTH, 8 + y * (HEIGHT - 16)
    degree = network.degree
    lines = _lines(frames, x, y)
    shown = network.best(degree, MOST_DOTS)
    size = 1.4 + 4.2 * np.sqrt(degree / max(degree.max(), 1)) * min(1.0, 12 / np.sqrt(x.size) + 0.3)
    of = network.communities
    dots = []
    for i in shown[::-1]:
        known = of is not None and of[i] < len(CATEGORIES)
        colour = CATEGORIES[of[i]] if known else NEUTRAL  # type: ignore[index]
        dots.append(f'<circle cx="{x[i]:.1f}" cy="{y[i]:.1f}" r="{size[i]:.1f}" fill="{colour}"/>')
    names = _names(network, x, y, size)
    return Markup(
        '<svg viewBox="0 0 {:.0f} {:.0f}" role="img" class="sketch"><title>The network drawn by '
        "springs</title>{}{}{}</svg>"
    ).format(WIDTH, HEIGHT, Markup(lines), Markup("".join(dots)), names)


def _lines(frames: Frames, x: np.ndarray, y: np.ndarray) -> str:
    keys = frames.links[-1][0]
    keys = keys[:: max(1, len(keys) // MOST_LINES)]
    u, v = np.divmod(keys, frames.populations[0].size)
    path = "".join(f"M{x[a]:.1f} {y[a]:.1f}L{x[b]:.1f} {y[b]:.1f}" for a, b in zip(u, v))
    opacity = min(0.5, max(0.08, 10 / np.sqrt(len(keys) + 1)))
    style = f'stroke="{NEUTRAL}" stroke-width=".7" opacity="{opacity:.2f}" fill="none"'
    return f'<path d="{path}" {style}/>'


def _names(network: NetworkData, x: np.ndarray, y: np.ndarray, size: np.ndarray) -> Markup:
    """Place names beside the best linked nodes, none over another."""
    boxes: list[tuple[float, float, float, float]] = []
    made = []
    for i in network.best(network.degree, 3 * MOST_NAMES) if network.named else ():
        text = network.labels[i]
        text = text if len(text) <= 22 else text[:21] + "…"
        wide = 6.6 * len(text)
        for dx, dy in ((size[i] + 3, 4), (-size[i] - 3 - wide, 4), (-wide / 2, -size[i] - 4)):
            left, low = float(x[i] + dx), float(y[i] + dy)
            box = (left - 2, low - 12, left + wide + 2, low + 4)
            clear = all(
                box[0] > b[2] or box[2] < b[0] or box[1] > b[3] or box[3] < b[1] for b in boxes
            )
            if clear and box[0] >= 0 and box[2] <= WIDTH and box[1] >= 0 and box[3] <= HEIGHT:
                boxes.append(box)
                made.append(
                    Markup('<text x="{:.1f}" y="{:.1f}" class="name">{}</text>').format(
                        left, low, text
                    )
                )
                break
        if len(made) == MOST_NAMES:
            break
    return Markup("").join(made)
