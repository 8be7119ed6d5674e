"""Tasks: what a batch, a loss and a metric are for each kind of problem."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from ... import registry
from ...errors import RecipeError, UnknownName

if TYPE_CHECKING:
    from .task import Task


def task_names() -> list[str]:
    """Return the names of all tasks."""
    return registry.names("task")


def get_task(name: str, **options: object) -> Task:
    """Return the task called ``name``; ``options`` are those of the task.

    Raises
    ------
    UnknownName
        If there is no such task, or it has no such option.
    RecipeError
        If an option has an impossible value.
    """
    task = registry.get("task", name).target
    known = inspect.signature(task).parameters
    for option in options:
        if option not in known:
            raise UnknownName(f"option of task {name!r}", option, known)
    try:
        return task(**options)
    except TypeError as error:
        given = ", ".join(f"{key} = {value!r}" for key, value in options.items())
        raise RecipeError(f"task {name!r} cannot be set up with {given}: {error}") from error
