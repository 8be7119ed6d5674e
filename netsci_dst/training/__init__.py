"""Training of sparse networks whose topology evolves.

The public names are resolved when first used: importing this package imports no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..methods import MethodOptions
    from ..recipe import Recipe, load_recipe
    from .compaction import Compaction, compact
    from .controller import Controller
    from .deployment import deploy
    from .fit import Interrupted
    from .formats import to_dense
    from .lowering import lower
    from .prediction import Predictions, predict
    from .progress import Progress
    from .recorder import Recorder, record
    from .sparse_training import SparseTraining, sparsify
    from .trained_model import load_model
    from .trainer import resume, train

_HOMES = {
    "Compaction": ".compaction",
    "Predictions": ".prediction",
    "Controller": ".controller",
    "Interrupted": ".fit",
    "MethodOptions": "..methods",
    "Progress": ".progress",
    "Recipe": "..recipe",
    "Recorder": ".recorder",
    "SparseTraining": ".sparse_training",
    "compact": ".compaction",
    "deploy": ".deployment",
    "lower": ".lowering",
    "predict": ".prediction",
    "load_model": ".trained_model",
    "load_recipe": "..recipe",
    "record": ".recorder",
    "resume": ".trainer",
    "sparsify": ".sparse_training",
    "to_dense": ".formats",
    "train": ".trainer",
}
__all__ = [
    "Compaction",
    "Controller",
    "Interrupted",
    "MethodOptions",
    "Predictions",
    "Progress",
    "Recipe",
    "Recorder",
    "SparseTraining",
    "compact",
    "deploy",
    "load_model",
    "load_recipe",
    "lower",
    "predict",
    "record",
    "resume",
    "sparsify",
    "to_dense",
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
