"""Changes to a recipe's table: a nested value, another method, data at a path."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from . import registry
from .errors import RecipeError
from .methods import MethodOptions, method, options_of, own_options

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
    ("density", "density_options"),
    ("initial_sparsity",),
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


def with_method(table: Mapping[str, Any], name: str) -> tuple[dict[str, Any], list[str]]:
    """Return a recipe's table with another method, and which of its settings that one drops.

    Kept are the settings of the experiment: ζ and its schedule, when updates end, the allocation,
    the window of a falling density and where it begins, attention heads; and changes to parts in
    which both methods are alike, such as where their links begin. Where updates end with the fall
    of the density, a method without one has its own end.

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


def inherited_data_options(
    named: str, path: str, given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what a data set at a path takes over from the named one whose place it takes.

    That is every option with a default in the named data set's loader which the loader that
    recognises the path has too: languages and their direction, the size of a vocabulary, ...
    The loader may fit them to what lies there (its ``inherits``).

    Parameters
    ----------
    given
        Options that were asked for.
    """
    place = Path(path).expanduser()
    loader = next((e for e in _recognisers() if e.metadata["recognises"](place)), None)
    if loader is None or loader.name == named:
        return {}
    own = inspect.signature(registry.get("data", named).target).parameters
    takes = inspect.signature(loader.target).parameters
    known = {
        name: parameter.default
        for name, parameter in own.items()
        if name in takes and parameter.default not in (None, inspect.Parameter.empty)
    }
    fit = loader.metadata.get("inherits")
    return fit(place, known | dict(given or {}), given or {}) if fit else known


def _recognisers() -> list[registry.Entry]:
    found = [e for e in registry.entries("data") if "recognises" in e.metadata]
    return sorted(found, key=lambda entry: entry.metadata.get("priority", 50))


def _kept(
    changes: Mapping[str, Any], old: MethodOptions, new: MethodOptions, name: str
) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    given = changes.get("density_options", {})
    falls = registry.about("density schedule", new.density).metadata.get("decays", False)
    of_fall = {"update_end"} if not falls and changes.get("update_end") == given.get("end") else ()
    groups = [(field,) for field in _OF_EXPERIMENT if field not in of_fall]
    groups += [g for g in _TOGETHER if all(getattr(old, f) == getattr(new, f) for f in g)]
    for group in groups:
        _keep({field: changes[field] for field in group if field in changes}, kept, name)
    if falls:
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
