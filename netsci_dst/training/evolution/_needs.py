"""What a method's parts need to be recorded between updates."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from ... import registry

if TYPE_CHECKING:
    from ..methods import MethodOptions


def needs(kind: str, name: str) -> tuple[str, ...]:
    """Return what a part says in its registration that it needs."""
    return tuple(registry.get(kind, name).metadata.get("needs", ()))


def needs_history(method: MethodOptions) -> bool:
    """Return whether the last weight of every link is to be remembered."""
    return method.density_recall or "history" in needs("new weights", method.new_weights)


def momentum_coefficient(method: MethodOptions) -> float | None:
    """Return β of the smoothed gradient, or None when no phase regrows by it."""
    rules = [(method.regrowth, method.regrowth_options)]
    rules += [(phase.regrowth, phase.options) for phase in method.phases]
    for name, options in rules:
        if name is not None and "momentum" in needs("regrowth", name):
            signature = inspect.signature(registry.get("regrowth", name).target)
            return options.get("beta", signature.parameters["beta"].default)
    return None
