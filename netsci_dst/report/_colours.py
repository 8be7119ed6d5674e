"""Colours that colour-blind readers tell apart: Okabe and Ito's, then steps of cividis."""

from __future__ import annotations

OKABE_ITO = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#D55E00",
    "#56B4E9",
    "#8C7A00",
    "#7F7F7F",
)
# Okabe-Ito's yellow is too faint on white; its darker neighbour above stands for it.

_CIVIDIS = ((0, 34, 78), (66, 78, 107), (124, 123, 120), (188, 174, 108), (253, 231, 55))


def palette(n: int) -> list[str]:
    """Return ``n`` colours: distinct hues for a few, an ordered scale for many.

    Examples
    --------
    >>> palette(2)
    ['#0072B2', '#E69F00']
    >>> len(set(palette(30)))
    30
    """
    if n <= len(OKABE_ITO):
        return list(OKABE_ITO[:n])
    return [cividis(0.92 * i / (n - 1)) for i in range(n)]


def cividis(share: float) -> str:
    """Return the colour at ``share`` (0 to 1) of a scale that is even for colour-blind eyes."""
    place = min(max(share, 0.0), 1.0) * (len(_CIVIDIS) - 1)
    i = min(int(place), len(_CIVIDIS) - 2)
    low, high = _CIVIDIS[i], _CIVIDIS[i + 1]
    mixed = (round(a + (b - a) * (place - i)) for a, b in zip(low, high))
    return "#" + "".join(f"{part:02x}" for part in mixed)
