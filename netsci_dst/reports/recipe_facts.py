"""What a report reads from a run's recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
