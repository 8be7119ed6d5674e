"""What a shell completes: methods, models, data, recipes and runs, from what is there now."""

from __future__ import annotations

import os
from collections.abc import Callable

Completer = Callable[[str], list[str]]

# Fields of a recipe that name something registered.
KIND_OF_FIELD = {
    "method": "method",
    "model": "model",
    "data": "data",
    "optimizer": "optimizer",
    "lr_schedule": "lr schedule",
    "task": "task",
    "format": "format",
    "initial_weights": "initial weights",
}
_MARKS = ("provenance.json", "recipe.toml")


def names_of(kind: str) -> Completer:
    """Return what completes the names of a kind in the registry."""

    def complete(incomplete: str) -> list[str]:
        from .. import registry

        return [name for name in registry.names(kind) if name.startswith(incomplete)]

    return complete


def measures(incomplete: str) -> list[str]:
    """Complete the last of several names of measures with commas between."""
    done, comma, last = incomplete.rpartition(",")
    return [f"{done}{comma}{name}" for name in names_of("measure")(last)]


def recipes(incomplete: str) -> list[str]:
    """Complete the names of shipped recipes, and files."""
    from ..recipe import shipped_recipes

    shipped = [name for name in shipped_recipes() if name.startswith(incomplete)]
    return [*shipped, *_paths(incomplete, (".toml",))]


def experiments(incomplete: str) -> list[str]:
    """Complete the names of experiments."""
    from ..reproduction import experiments

    return [name for name in experiments() if name.startswith(incomplete)]


def runs(incomplete: str) -> list[str]:
    """Complete run folders, and folders on the way to them."""
    return _paths(incomplete, ())


def runs_or_networks(incomplete: str) -> list[str]:
    """Complete run folders and files."""
    return _paths(incomplete, ("",))


def _paths(incomplete: str, endings: tuple[str, ...]) -> list[str]:
    """Return folders, and files with one of the endings; a run ends without a slash."""
    folder, begun = os.path.split(incomplete)
    try:
        entries = sorted(os.scandir(folder or "."), key=lambda entry: entry.name)
    except OSError:
        return []
    found = []
    for entry in entries:
        if not entry.name.startswith(begun) or (entry.name[0] == "." and not begun):
            continue
        path = os.path.join(folder, entry.name)
        if entry.is_dir():
            is_run = any(os.path.exists(os.path.join(path, mark)) for mark in _MARKS)
            found.append(path if is_run else f"{path}/")
        elif endings and entry.name.endswith(endings):
            found.append(path)
    return found
