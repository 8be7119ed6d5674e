"""The learning rate of a parameter, whichever optimizer has it."""

from __future__ import annotations

from typing import Any


def rate_of(optimizers: Any, weight: Any) -> float:
    """Return the learning rate now of the group that a parameter is in; 0 where none has it."""
    for optimizer in [optimizers] if hasattr(optimizers, "param_groups") else optimizers or []:
        for group in optimizer.param_groups:
            if any(parameter is weight for parameter in group["params"]):
                return float(group["lr"])
    return 0.0
