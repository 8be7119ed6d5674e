"""Changes to a recipe: options merged deeply, another method, and what two recipes differ in."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from . import registry
from .errors import RecipeError
from .methods import MethodOptions, method, options_of, own_options

if TYPE_CHECKING:
    from .recipe import Recipe

# How a run is computed, not what: recipes that differ in these ask for the same.
HOW = ("threads", "device", "format", "tf32", "compile", "checkpoint_minutes")
# What an experiment decides for all its methods.
_OF_EXPERIMENT = ("zeta", "zeta_schedule", "update_end", "allocation", "heads", "head_layers")
# Fields that belong together: a change of theirs is kept where both methods agree in all of them.
_TOGETHER = (
    ("initialiser", "initialiser_options", "initialiser_elsewhere"),
    ("weights",),
    ("weights_elsewhere",),
    ("removal", "removal_options", "removal_softness", "removal_softness_options"),
    ("percolation",),
    ("regrowth", "regrowth_options", "regrowth_delta", "regrowth_scope", "phases"),
    ("new_weights", "new_weights_options", "retain_regrown_state"),
    ("density", "density_options", "initial_sparsity"),
    ("density_criterion", "prune_from_history"),
    ("early_stop", "early_stop_scope"),
    ("step_hook", "step_hook_options"),
    ("overlap_threshold",),
)
_WINDOW = ("start", "end")


def nested(path: str, value: Any) -> dict[str, Any]:
    """Return the table in which a dotted path has a value.

    Examples
    --------
    >>> nested("method_options.density_options.k", 4)
    {'method_options': {'density_options': {'k': 4}}}
    """
    for key in reversed(path.split(".")):
        value = {key: value}
    return value


def full_name(path: str) -> str:
    """Return the dotted name of a recipe's setting; an option of the method may go without group.

    A name that nothing has is returned as it is: whoever uses it says what is known.

    Examples
    --------
    >>> full_name("zeta"), full_name("sparsity"), full_name("method_options.heads")
    ('method_options.zeta', 'sparsity', 'method_options.heads')
    """
    from .recipe import Recipe

    first, _, _ = path.partition(".")
    if first not in Recipe.model_fields and first in MethodOptions.model_fields:
        return f"method_options.{path}"
    return path


def with_method(table: Mapping[str, Any], name: str) -> tuple[dict[str, Any], list[str]]:
    """Return a recipe's table with another method, and which of its settings that one drops.

    Kept are the settings of the experiment: ζ and its schedule, when updates end, the allocation,
    the window of the density schedule, attention heads; and changes to parts in which both methods
    are alike, such as where their links begin.

    Parameters
    ----------
    table
        A recipe as a table.
    name
        The other method.

    Returns
    -------
    tuple
        The new table, and the dotted names of the settings that were dropped.
    """
    asked = table.get("method_options", {})
    old, new = own_options(table.get("method", "chts")), options_of(name)
    # A complete table, as runs record it, also says what the method has of its own.
    complete = len(asked) >= len(MethodOptions.model_fields) - 1
    changes = {k: v for k, v in asked.items() if not complete or _differs(old, k, v)}
    kept = _kept(changes, old, new, name)
    result = {**table, "method": name, "method_options": kept}
    dropped = [f"method_options.{path}" for path in _paths(changes) if not _has(kept, path)]
    if not new.sparse:
        for field in ("sparse_layers", "format"):
            if result.pop(field, None) is not None:
                dropped.append(field)
    return result, dropped


def inherited_data_options(named: str, path: str) -> dict[str, Any]:
    """Return what a data set at a path takes over from the named one whose place it takes.

    That is every option with a default in the named data set's loader which the loader that
    recognises the path has too: languages and their direction, the size of a vocabulary, ...
    """
    place = Path(path).expanduser()
    loader = next((e for e in _recognisers() if e.metadata["recognises"](place)), None)
    if loader is None or loader.name == named:
        return {}
    own = inspect.signature(registry.get("data", named).target).parameters
    takes = inspect.signature(loader.target).parameters
    return {
        name: parameter.default
        for name, parameter in own.items()
        if name in takes and parameter.default not in (None, inspect.Parameter.empty)
    }


def _recognisers() -> list[registry.Entry]:
    found = [e for e in registry.entries("data") if "recognises" in e.metadata]
    return sorted(found, key=lambda entry: entry.metadata.get("priority", 50))


def _kept(
    changes: Mapping[str, Any], old: MethodOptions, new: MethodOptions, name: str
) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    groups = [(field,) for field in _OF_EXPERIMENT]
    groups += [g for g in _TOGETHER if all(getattr(old, f) == getattr(new, f) for f in g)]
    for group in groups:
        _keep({field: changes[field] for field in group if field in changes}, kept, name)
    if new.density != "constant":
        given = changes.get("density_options", {})
        window = {key: given[key] for key in _WINDOW if key in given}
        _keep({"density_options": window} if window else {}, kept, name)
    return kept


def _keep(options: dict[str, Any], kept: dict[str, Any], name: str) -> None:
    """Keep options that go with a method and have an effect in it."""
    try:
        idle = {field for field, _ in method(name, **kept, **options).without_use()}
    except (RecipeError, TypeError):
        return
    kept |= {field: value for field, value in options.items() if field not in idle}


def _differs(method: MethodOptions, field: str, value: Any) -> bool:
    own = method.to_table().get(field)
    return json.dumps(own, default=list) != json.dumps(value, default=list)


def _paths(table: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _paths(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _has(table: Any, path: str) -> bool:
    for key in path.split("."):
        if not isinstance(table, Mapping) or key not in table:
            return False
        table = table[key]
    return True


def what_differs(one: Recipe | Mapping[str, Any], other: Recipe | Mapping[str, Any]) -> list[str]:
    """Return the dotted names of settings in which two recipes ask for different things.

    How a run is computed (`HOW`) is left out. A recipe of a run may be given as its table.

    Examples
    --------
    >>> from netsci_dst.recipe import load_recipe
    >>> what_differs(load_recipe(method="set"), load_recipe(method="set", seed=3, lr=0.1))
    ['lr', 'seed']
    """
    first, second = _flat(one), _flat(other)
    return sorted(key for key in {*first, *second} if first.get(key) != second.get(key))


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
    first, second = _flat(one), _flat(other)

    def value(side: Mapping[str, Any], key: str) -> Any:
        return json.loads(side[key]) if key in side else None

    return [(key, value(first, key), value(second, key)) for key in what_differs(one, other)]


def differences(
    one: str, other: str, kind: Literal["method", "recipe"] = "method"
) -> list[tuple[str, Any, Any]]:
    """Return the settings in which two methods, or two recipes, differ, with both values.

    Examples
    --------
    >>> differences("cht-program-2024", "cht-program-2025")[0]
    ('removal', 'signed', 'magnitude')
    """
    from .recipe import load_recipe

    def table(name: str) -> dict[str, Any]:
        full = options_of(name).to_table() if kind == "method" else load_recipe(name).to_table()
        return dict(_leaves(full))

    first, second = table(one), table(other)

    def value(side: dict[str, Any], key: str) -> Any:
        return json.loads(side[key]) if key in side else "-"

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
        from .recipe import recorded_recipe

        table = dict(recipe) if "origin" in recipe else recorded_recipe(recipe).to_table()
    else:
        table = recipe.to_table()
    return dict(_leaves({key: value for key, value in table.items() if key not in HOW}))


def _leaves(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", json.dumps(value, default=str)
