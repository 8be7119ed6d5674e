"""Training of sparse networks whose topology evolves.

The public names are resolved when first used: importing this package imports no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..methods import MethodOptions
    from ..recipe import Recipe, load_recipe
    from ._loop import Interrupted
    from .compaction import Compaction, compact
    from .deployment import deploy
    from .lowering import lower
    from .own_loop import SparseTraining, sparsify
    from .prediction import Predictions, predict
    from .progress import Progress
    from .recorder import Recorder, record
    from .trainer import resume, train

_HOMES = {
    "Compaction": ".compaction",
    "Predictions": ".prediction",
    "Interrupted": "._loop",
    "MethodOptions": "..methods",
    "Progress": ".progress",
    "Recipe": "..recipe",
    "Recorder": ".recorder",
    "SparseTraining": ".own_loop",
    "compact": ".compaction",
    "deploy": ".deployment",
    "lower": ".lowering",
    "predict": ".prediction",
    "load_recipe": "..recipe",
    "record": ".recorder",
    "resume": ".trainer",
    "sparsify": ".own_loop",
    "train": ".trainer",
}
__all__ = [
    "Compaction",
    "Interrupted",
    "MethodOptions",
    "Predictions",
    "Progress",
    "Recipe",
    "Recorder",
    "SparseTraining",
    "compact",
    "deploy",
    "load_recipe",
    "lower",
    "predict",
    "record",
    "resume",
    "sparsify",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
