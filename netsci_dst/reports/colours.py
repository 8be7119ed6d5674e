"""Colours by meaning, the same in every page, figure and film.

Methods have fixed hues by name. Populations run from input to output along a scale that is even for
the eye. Communities are a categorical set. One accent marks what is selected. All are told apart by
colour-blind readers, on white and on near-black.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

ACCENT = "#D55E00"
NEUTRAL = "#7F7F7F"
# Okabe and Ito's; their yellow is too faint on white, an olive stands for it.
CATEGORIES = (
    *("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C7A00"),
    *("#6A51A3", "#A6761D", "#1B9E9E", "#B2182B", "#4D9221"),
)
_METHODS = {
    **{"dense": NEUTRAL, "static": "#A6761D", "set": "#E69F00", "rigl": "#009E73"},
    **{"mest": "#CC79A7", "cht": "#56B4E9", "chts": "#0072B2", "chtss": "#D55E00"},
    **{"gmp": "#8C7A00", "granet": "#6A51A3", "snfs": "#1B9E9E", "esml": "#4D9221"},
    **{"deepr": "#B2182B", "dsr": "#9E6B8A", "topkast": "#5B7F95"},
}
# Dark teal to warm sand: even in lightness, legible on both backgrounds.
_RAMP = ((56, 114, 184), (28, 134, 150), (64, 160, 118), (148, 172, 70), (214, 150, 52))
_CIVIDIS = ((0, 34, 78), (66, 78, 107), (124, 123, 120), (188, 174, 108), (253, 231, 55))


def method_colour(name: str) -> str:
    """Return the hue of a method, fixed by its name, variants and unknown ones too.

    Examples
    --------
    >>> method_colour("chts"), method_colour("mine") == method_colour("mine")
    ('#0072B2', True)
    """
    if name in _METHODS:
        return _METHODS[name]
    return CATEGORIES[zlib.crc32(name.encode()) % len(CATEGORIES)]


def method_colours(names: Iterable[str]) -> dict[str, str]:
    """Return a colour for each method, distinct as far as there are colours."""
    out: dict[str, str] = {}
    for name in names:
        colour = method_colour(name)
        if colour in out.values():
            free = [c for c in CATEGORIES if c not in out.values()]
            colour = free[zlib.crc32(name.encode()) % len(free)] if free else colour
        out[name] = colour
    return out


def population_colours(n: int) -> list[str]:
    """Return colours along the ramp from input to output.

    Examples
    --------
    >>> population_colours(2)
    ['#3872b8', '#d69634']
    """
    return [_between(_RAMP, i / (n - 1) if n > 1 else 0.0) for i in range(n)]


def palette(n: int) -> list[str]:
    """Return ``n`` colours: distinct hues for a few, an ordered scale for many.

    Examples
    --------
    >>> palette(2)
    ['#0072B2', '#E69F00']
    >>> len(set(palette(30)))
    30
    """
    return list(CATEGORIES[:n]) if n <= len(CATEGORIES) else [cividis(i / n) for i in range(n)]


def cividis(share: float) -> str:
    """Return the colour at ``share`` (0 to 1) of a scale that is even for colour-blind eyes."""
    return _between(_CIVIDIS, share)


def _between(stops: tuple[tuple[int, int, int], ...], share: float) -> str:
    place = min(max(share, 0.0), 1.0) * (len(stops) - 1)
    i = min(int(place), len(stops) - 2)
    mixed = (round(a + (b - a) * (place - i)) for a, b in zip(stops[i], stops[i + 1]))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def for_scripts() -> dict[str, object]:
    """Return what the page's scripts need to colour by the same meaning."""
    return {"accent": ACCENT, "categories": list(CATEGORIES), "scale": [list(c) for c in _CIVIDIS]}
