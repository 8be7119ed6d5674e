"""How deterministic sampled choices are, and how that grows during training.

A score s becomes the weight s^e with e = δ/(1−δ): δ = 0 is uniform, 0.5 the score itself, 1 the
deterministic choice.
"""

from __future__ import annotations

from ... import registry
from .ranges import NotNegative, Share


def exponent_of(delta: float) -> float:
    """Return e = δ/(1−δ); infinity at δ = 1."""
    return float("inf") if delta >= 1 else delta / (1 - delta)


@registry.register("softness", "exponent", source="the authors' programs")
def exponent(time: float, start: NotNegative = 1.0, end: NotNegative = 3.0) -> float:
    """The exponent e grows linearly from ``start`` to ``end`` while the topology evolves."""
    return start + (end - start) * time


@registry.register("softness", "delta", source="CHTss eq. 2")
def delta(time: float, start: Share = 0.5, end: Share = 0.75) -> float:
    """The softness δ grows linearly from ``start`` to ``end`` while the topology evolves."""
    return exponent_of(start + (end - start) * time)
