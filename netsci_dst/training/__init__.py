"""Training of sparse networks whose topology evolves.

The public names are resolved when first used: importing this package imports no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .progress import Progress
    from .recipe import Recipe, load_recipe
    from .trainer import Interrupted, resume, train

_HOMES = {
    "Interrupted": ".trainer",
    "Progress": ".progress",
    "Recipe": ".recipe",
    "load_recipe": ".recipe",
    "resume": ".trainer",
    "train": ".trainer",
}
# `record` is also the name of the module that holds it: the module is not imported by that name.
__all__ = ["Interrupted", "Progress", "Recipe", "load_recipe", "resume", "train"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
