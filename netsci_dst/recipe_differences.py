"""What two recipes, or two methods, differ in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from .errors import NetsciError
from .methods import options_of
from .recipe import Recipe, load_recipe, recorded_recipe

# How a run is computed and what it is called, not what is asked: recipes that differ in these ask
# for the same.
HOW = (
    *("threads", "device", "format", "tf32", "compile", "graph", "checkpoint_minutes"),
    *("label", "notes"),
)


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
    return _apart(settings_of(one), settings_of(other), None)


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


def fields_apart(recipes: Iterable[Recipe | Mapping[str, Any]]) -> list[str]:
    """Return the dotted names of settings in which any of several recipes differ, in their order.

    Examples
    --------
    >>> from netsci_dst.recipe import load_recipe
    >>> fields_apart(load_recipe(method="set", epochs=n) for n in (1, 2, 3))
    ['epochs']
    """
    return _keys_apart([settings_of(recipe) for recipe in recipes])


def _keys_apart(tables: list[dict[str, Any]]) -> list[str]:
    texts = [{key: _text(value) for key, value in table.items()} for table in tables]
    keys = dict.fromkeys(key for table in texts for key in table)
    return [key for key in keys if len({table.get(key) for table in texts}) > 1]


def _apart(
    first: dict[str, Any], second: dict[str, Any], absent: Any
) -> list[tuple[str, Any, Any]]:
    """Return the names at which two tables differ, with both values."""
    keys = sorted(_keys_apart([first, second]))
    return [(key, first.get(key, absent), second.get(key, absent)) for key in keys]


def same_but_seed(one: Recipe | Mapping[str, Any], other: Recipe | Mapping[str, Any]) -> bool:
    """Say whether two recipes differ in nothing but the seed: their runs are seeds of one another.

    Where a run starts from another one, that one may differ in the seed too.
    """
    return without_seed(one) == without_seed(other)


def without_seed(recipe: Recipe | Mapping[str, Any]) -> str:
    """Return all that a recipe asks for but the seed, as text: equal for seeds of one another."""
    flat = settings_of(recipe)
    flat.pop("seed", None)
    if isinstance(start := flat.get("init_from"), str):
        flat["init_from"] = re.sub(r"(?<![a-z])(s|seed)[-_]?\d+", r"\1", start)
    return json.dumps({key: _text(value) for key, value in flat.items()}, sort_keys=True)


def settings_of(recipe: Recipe | Mapping[str, Any]) -> dict[str, Any]:
    """Return all that a recipe asks for by dotted names, but how it is computed (`HOW`).

    The table of a run is completed by what its version did; a recorded loop, an import and what
    needs an extension that is not installed here are taken as they stand.
    """
    table = _completed(recipe) if isinstance(recipe, Mapping) else recipe.to_table()
    return dict(_leaves({key: value for key, value in table.items() if key not in HOW}))


def _completed(table: Mapping[str, Any]) -> Mapping[str, Any]:
    # A recorded loop and an import have recipes of their own.
    if "origin" in table or "imported" in table:
        return table
    try:
        return recorded_recipe(table).to_table()
    except NetsciError:
        return table


def _leaves(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _text(value: Any) -> str:
    return json.dumps(value, default=str)
