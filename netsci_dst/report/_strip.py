"""The first picture of a comparison."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup


def strip(rows: Sequence[Mapping[str, Any]], methods: Mapping[str, str], scale: float) -> Markup:
    """The first picture: every run as a dot, a row per method, mean as a bar."""
    points = [(r["method"], r["values"]["metric"]) for r in rows]
    points = [(m, v) for m, v in points if math.isfinite(v)]
    if not points:
        return Markup("")
    low, high = min(v for _, v in points), max(v for _, v in points)
    pad = (high - low) * 0.06 or abs(high) * 0.01 or 1
    low, high = low - pad, high + pad
    names = [m for m in methods if any(m == p for p, _ in points)][:14]
    left, width, row = 130.0, 500.0, 34.0
    place = lambda v: left + (width - left - 20) * (v - low) / (high - low)  # noqa: E731
    parts = []
    for i, name in enumerate(names):
        y = 18 + row * i
        mine = [v for m, v in points if m == name]
        short = name if len(name) <= 16 else name[:15] + "…"
        parts.append(
            Markup('<text x="{}" y="{:.0f}" text-anchor="end" class="axis">{}</text>').format(
                left - 12, y + 4, short
            )
        )
        parts.append(
            Markup('<line x1="{}" x2="{}" y1="{:.0f}" y2="{:.0f}" class="rule"/>').format(
                left, width - 20, y, y
            )
        )
        shown = mine if len(mine) <= 200 else mine[:: len(mine) // 200 + 1]
        dots = "".join(f"M{place(v):.1f} {y:.0f}h0" for v in shown)
        parts.append(
            Markup(
                '<path d="{}" stroke="{}" stroke-width="7" stroke-linecap="round" opacity=".5"/>'
            ).format(Markup(dots), methods[name])
        )
        mean = place(sum(mine) / len(mine))
        parts.append(
            Markup('<path d="M{:.1f} {:.0f}v20" stroke="{}" stroke-width="3"/>').format(
                mean, y - 10, methods[name]
            )
        )
    bottom = 18 + row * len(names)
    for value in np.linspace(low + pad, high - pad, 3):
        text = f"{scale * value:.2f}" if scale == 100 else f"{value:.3g}"
        parts.append(
            Markup(
                '<text x="{:.1f}" y="{:.0f}" text-anchor="middle" class="axis">{}</text>'
            ).format(place(value), bottom + 6, text)
        )
    return Markup(
        '<svg viewBox="0 0 {:.0f} {:.0f}" role="img" class="sketch strip"><title>Every run, by '
        "method; the bar is the mean</title>{}</svg>"
    ).format(width, bottom + 16, Markup("").join(parts))
