"""What a report reads from a run's recipe, and how two recipes differ."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import NetsciError
from ..recipe_differences import HOW, without_seed

# How a run is computed, and what it is called, says nothing about what was trained.
_FREE = {"seed", "label", "notes", *HOW}
# What the axes of a comparison show already.
SETTING = {"method", "data", "model", "sparsity"}


def text_of(recipe: Mapping[str, Any], key: str, default: str = "") -> str:
    """Return a field that names something, such as the method."""
    found = recipe.get(key, default)
    if isinstance(found, Mapping):
        found = found.get("name", found.get("path", default))
    return "" if found is None else str(found).rstrip("/").rsplit("/", 1)[-1]


def model_of(recipe: Mapping[str, Any]) -> str:
    """Return the model's name with its hidden sizes."""
    options = recipe.get("model_options")
    hidden = options.get("hidden") if isinstance(options, Mapping) else None
    sizes = "-".join(str(n) for n in hidden) if isinstance(hidden, (list, tuple)) else ""
    return f"{text_of(recipe, 'model')} {sizes}".strip()


def flat(table: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Return nested tables as ``group.key`` -> value."""
    out: dict[str, Any] = {}
    for key, value in table.items():
        name = f"{path}.{key}" if path else str(key)
        if isinstance(value, Mapping):
            out |= flat(value, name)
        else:
            out[name] = value
    return out


def differing(recipes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the fields in which recipes differ, but for the seed and how they were computed."""
    tables = [flat(recipe) for recipe in recipes]
    keys = dict.fromkeys(key for table in tables for key in table)
    absent = object()
    found = []
    for key in keys:
        if key.split(".")[0] in _FREE:
            continue
        first = tables[0].get(key, absent)
        if any(table.get(key, absent) != first for table in tables[1:]):
            found.append(key)
    return found


def all_but_seed(recipe: Mapping[str, Any]) -> str:
    """Return what a recipe asks for but the seed, as text: equal for seeds of one another."""
    try:
        return without_seed(recipe)
    except NetsciError:  # of an extension that is not installed here, or of another program
        table = {k: v for k, v in flat(recipe).items() if k.split(".")[0] not in _FREE}
        return json.dumps(table, sort_keys=True, default=str)


def spoken(key: str, value: Any) -> str:
    """Return a field and its value as a label says it.

    Examples
    --------
    >>> spoken("method_options.regrowth", "random"), spoken("epochs", 2.0)
    ('regrowth random', 'epochs 2')
    """
    name = key.rpartition(".")[2].replace("_", " ")
    if value is None:
        return f"no {name}"
    if isinstance(value, bool):
        return name if value else f"no {name}"
    return f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
