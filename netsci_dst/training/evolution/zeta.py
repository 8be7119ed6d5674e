"""How the share of links that is removed at an update changes during training."""

from __future__ import annotations

import math

from ... import registry


@registry.register("zeta schedule", "constant", source="SET")
def constant(time: float, zeta: float) -> float:
    """The same share at every update."""
    return zeta


@registry.register("zeta schedule", "cosine", source="RigL; Survival eq. 5")
def cosine(time: float, zeta: float) -> float:
    """From ``zeta`` down to 0 along half a cosine: ζ (1 + cos πt/T) / 2."""
    return zeta * (1 + math.cos(math.pi * time)) / 2
