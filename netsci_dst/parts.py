"""All that a part of training from outside needs, in one place.

A removal score, a regrowth rule, a schedule, an initialiser, a per-step hook, a method, a model, a
data set, a task, an optimizer, a storage format or a section of a report is one function or class,
made known by `register` (a method by `register_method`, a section by `section`). It then shows up
in ``netsci-dst list``, in recipes, on the command line and in the reports by itself. Measures have
a door of their own, `netsci_dst.measures`. The names are resolved when first used: listing them
imports no torch.

Examples
--------
>>> from netsci_dst.parts import Links, NotNegative, register
>>> @register("removal", "magnitude_and_age", source="an example")
... def magnitude_and_age(links: Links, weight_of_age: NotNegative = 0.1):
...     "Keep links of large weight."
...     return links.values.abs()
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import DataError, NetsciError, RecipeError, UnknownName
    from .methods import MethodOptions, Phase, register_method
    from .recipe import Recipe
    from .registry import register
    from .reports import (
        Chart,
        Control,
        Data,
        Heat,
        Mark,
        Panel,
        RunData,
        Section,
        Series,
        Table,
        View,
        Words,
        section,
    )
    from .topology import Layer, Population, Topology
    from .training.callbacks import Callback
    from .training.data import Dataset, image_dataset
    from .training.evolution.rules import (
        AboveZero,
        BelowOne,
        EvolvingLayer,
        LayerUpdate,
        Links,
        NotNegative,
        Positive,
        Share,
        StepHook,
    )
    from .training.formats.masked import MaskedParameter
    from .training.initialisation import sample_distinct
    from .training.integrations.scalar_log import ScalarLog
    from .training.matrix_view import MatrixView
    from .training.progress import Progress
    from .training.schedules import Rate, Times
    from .training.sparse_parameter import SparseParameter
    from .training.tasks.task import Batch, Batches, Loss, Task
    from .training.wiring import Wiring

_HOMES = {
    **dict.fromkeys(("register",), ".registry"),
    **dict.fromkeys(
        (
            "DataError",
            "NetsciError",
            "RecipeError",
            "UnknownName",
        ),
        ".errors",
    ),
    **dict.fromkeys(
        (
            "MethodOptions",
            "Phase",
            "register_method",
        ),
        ".methods",
    ),
    **dict.fromkeys(("Recipe",), ".recipe"),
    **dict.fromkeys(
        (
            "AboveZero",
            "BelowOne",
            "EvolvingLayer",
            "LayerUpdate",
            "Links",
            "NotNegative",
            "Positive",
            "Share",
            "StepHook",
        ),
        ".training.evolution.rules",
    ),
    **dict.fromkeys(("sample_distinct",), ".training.initialisation"),
    **dict.fromkeys(("SparseParameter",), ".training.sparse_parameter"),
    **dict.fromkeys(("MatrixView",), ".training.matrix_view"),
    **dict.fromkeys(("MaskedParameter",), ".training.formats.masked"),
    **dict.fromkeys(("Wiring",), ".training.wiring"),
    **dict.fromkeys(
        (
            "Layer",
            "Population",
            "Topology",
        ),
        ".topology",
    ),
    **dict.fromkeys(
        (
            "Dataset",
            "image_dataset",
        ),
        ".training.data",
    ),
    **dict.fromkeys(
        (
            "Batch",
            "Batches",
            "Loss",
            "Task",
        ),
        ".training.tasks.task",
    ),
    **dict.fromkeys(
        (
            "Rate",
            "Times",
        ),
        ".training.schedules",
    ),
    **dict.fromkeys(("Progress",), ".training.progress"),
    **dict.fromkeys(("ScalarLog",), ".training.integrations.scalar_log"),
    **dict.fromkeys(("Callback",), ".training.callbacks"),
    **dict.fromkeys(
        (
            "Chart",
            "Control",
            "Data",
            "Heat",
            "Mark",
            "Panel",
            "RunData",
            "Section",
            "Series",
            "Table",
            "View",
            "Words",
            "section",
        ),
        ".reports",
    ),
}

__all__ = [
    "AboveZero",
    "Batch",
    "Batches",
    "BelowOne",
    "Callback",
    "Chart",
    "Control",
    "Data",
    "DataError",
    "Dataset",
    "EvolvingLayer",
    "Heat",
    "Layer",
    "LayerUpdate",
    "Links",
    "Loss",
    "Mark",
    "MaskedParameter",
    "MatrixView",
    "MethodOptions",
    "NetsciError",
    "NotNegative",
    "Panel",
    "Phase",
    "Population",
    "Positive",
    "Progress",
    "Rate",
    "Recipe",
    "RecipeError",
    "RunData",
    "ScalarLog",
    "Section",
    "Series",
    "Share",
    "SparseParameter",
    "StepHook",
    "Table",
    "Task",
    "Times",
    "Topology",
    "UnknownName",
    "View",
    "Wiring",
    "Words",
    "image_dataset",
    "register",
    "register_method",
    "sample_distinct",
    "section",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name], __package__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
