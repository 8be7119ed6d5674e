"""What two recipes, or two methods, differ in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from .methods import options_of
from .recipe import Recipe, load_recipe, recorded_recipe

# How a run is computed, not what: recipes that differ in these ask for the same.
HOW = ("threads", "device", "format", "tf32", "compile", "graph", "checkpoint_minutes")


def what_differs(one: Recipe | Mapping[str, Any], other: Recipe | Mapping[str, Any]) -> list[str]:
    """Return the dotted names of settings in which two recipes ask for different things.

    How a run is computed (`HOW`) is left out. A recipe of a run may be given as its table.

    Examples
    --------
    >>> from netsci_dst.recipe import load_recipe
    >>> what_differs(load_recipe(method="set"), load_recipe(method="set", seed=3, lr=0.1))
    ['lr', 'seed']
    """
    return [key for key, _, _ in settings_apart(one, other)]


def settings_apart(
    one: Recipe | Mapping[str, Any], other: Recipe | Mapping[str, Any]
) -> list[tuple[str, Any, Any]]:
    """Return the settings in which two recipes differ, with both values; None where there is none.

    Recipes of runs may be given as their tables, recorded loops of one's own included.

    Examples
    --------
    >>> from netsci_dst.recipe import load_recipe
    >>> settings_apart(load_recipe(method="set"), load_recipe(method="set", seed=3))
    [('seed', 0, 3)]
    """
    return _apart(_flat(one), _flat(other), None)


def differences(
    one: str, other: str, kind: Literal["method", "recipe"] = "method"
) -> list[tuple[str, Any, Any]]:
    """Return the settings in which two methods, or two recipes, differ, with both values.

    Examples
    --------
    >>> differences("cht-program-2024", "cht-program-2025")[0]
    ('removal', 'signed', 'magnitude')
    """

    def table(name: str) -> dict[str, Any]:
        full = options_of(name).to_table() if kind == "method" else load_recipe(name).to_table()
        return dict(_leaves(full))

    return _apart(table(one), table(other), "-")


def _apart(
    first: Mapping[str, str], second: Mapping[str, str], absent: Any
) -> list[tuple[str, Any, Any]]:
    """Return the names at which two tables of JSON differ, with both values."""

    def value(side: Mapping[str, str], key: str) -> Any:
        return json.loads(side[key]) if key in side else absent

    differ = [key for key in sorted({*first, *second}) if first.get(key) != second.get(key)]
    return [(key, value(first, key), value(second, key)) for key in differ]


def same_but_seed(one: Recipe | Mapping[str, Any], other: Recipe | Mapping[str, Any]) -> bool:
    """Say whether two recipes differ in nothing but the seed: their runs are seeds of one another.

    Where a run starts from another one, that one may differ in the seed too.
    """
    return without_seed(one) == without_seed(other)


def without_seed(recipe: Recipe | Mapping[str, Any]) -> str:
    """Return all that a recipe asks for but the seed, as text: equal for seeds of one another."""
    flat = _flat(recipe)
    flat.pop("seed", None)
    if isinstance(start := flat.get("init_from"), str):
        flat["init_from"] = re.sub(r"(?<![a-z])(s|seed)[-_]?\d+", r"\1", start)
    return json.dumps(flat, sort_keys=True, default=str)


def _flat(recipe: Recipe | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(recipe, Mapping):
        # A recorded loop and an import have recipes of their own.
        own = "origin" in recipe or "imported" in recipe
        table = dict(recipe) if own else recorded_recipe(recipe).to_table()
    else:
        table = recipe.to_table()
    return dict(_leaves({key: value for key, value in table.items() if key not in HOW}))


def _leaves(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", json.dumps(value, default=str)
