"""What a method's parts need to be recorded between updates."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING

import torch

from ... import registry
from ...errors import RecipeError

if TYPE_CHECKING:
    from ...methods import MethodOptions


def needs(kind: str, name: str) -> tuple[str, ...]:
    """Return what a part says in its registration that it needs."""
    return tuple(registry.get(kind, name).metadata.get("needs", ())) if name else ()


def needs_history(method: MethodOptions) -> bool:
    """Return whether the last weight of every link is to be remembered."""
    return method.prune_from_history or "history" in needs("new weights", method.new_weights)


def momentum_coefficient(method: MethodOptions) -> float | None:
    """Return β of the smoothed gradient, or None when no phase regrows by it.

    Raises
    ------
    RecipeError
        If β differs between phases.
    """
    found = set()
    for phase in method.all_phases():
        if "momentum" in needs("regrowth", phase.regrowth):
            signature = inspect.signature(registry.get("regrowth", phase.regrowth).target)
            found.add(phase.options.get("beta", signature.parameters["beta"].default))
    if len(found) > 1:
        raise RecipeError(
            f"phases smooth the gradient by beta = {sorted(found)}; give all of them the same"
        )
    return found.pop() if found else None


def steps_remembered(beta: float, dtype: torch.dtype) -> int:
    """Return after how many steps a gradient's weight in the momentum is lost by rounding."""
    return max(1, math.ceil(math.log(torch.finfo(dtype).eps / 2, beta))) if beta else 1
