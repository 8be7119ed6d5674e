"""Tasks: what a batch, a loss and a metric are for each kind of problem."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ...errors import UnknownName

if TYPE_CHECKING:
    from ._task import Task

_TASKS = {
    "classification": ("_classification", "Classification"),
}


def task_names() -> list[str]:
    """Return the names of all tasks."""
    return sorted(_TASKS)


def get_task(name: str, **options: object) -> Task:
    """Return the task called ``name``; ``options`` are those of the task.

    Raises
    ------
    UnknownName
        If there is no such task.
    """
    if name not in _TASKS:
        raise UnknownName("task", name, _TASKS)
    module, attribute = _TASKS[name]
    return getattr(importlib.import_module(f".{module}", __name__), attribute)(**options)
