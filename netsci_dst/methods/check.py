"""The options of a method's parts, checked against the functions that take them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError

from .. import registry
from ..errors import RecipeError, UnknownName
from .options import PARTS, MethodOptions
from .part_parameters import part_parameters

# Arguments that the update loop passes to a part itself; all others are the user's options.
GIVEN: Mapping[str, tuple[str, ...]] = {
    "removal": ("links", "drafts", "state", "n_remove"),
    "regrowth": ("links", "n", "exponent"),
    "density schedule": ("time",),
    "zeta schedule": ("time", "zeta"),
    "softness": ("time",),
    "new weights": ("links", "keys", "n_links"),
    "step hook": ("engine",),
    "initialiser": (
        *("n_source", "n_target", "n_links", "rng", "features", "first"),
        *("model", "weights", "look"),
    ),
    "optimizer": ("params", "lr", "weight_decay", "momentum", "nesterov", "betas"),
    "lr schedule": (
        "times",
        "lr",
        "lr_end",
        "lr_decay_epochs",
        "lr_milestones",
        "lr_gamma",
        "lr_model_dimension",
        "lr_is_peak",
        "warmup_steps",
        "iterative_warmup_steps",
    ),
    "initial weights": ("n_source", "n_target", "n_links", "rng"),
}


def check_options(method: MethodOptions) -> None:
    """Refuse unknown and impossible options of a method's parts; the parts' files are imported.

    Raises
    ------
    RecipeError
        Naming the option and what would be right.
    """
    for kind, field, options in PARTS:
        name = getattr(method, field)
        if options is not None and name is not None:
            check_part(kind, name, getattr(method, options), options)
    for phase in method.phases:
        check_part("regrowth", phase.regrowth, phase.options, "phases.options")


def check_part(kind: str, name: str, options: Mapping[str, Any], field: str) -> None:
    """Check the options of one registered part.

    Parameters
    ----------
    field
        How the options are called in a recipe, for the message.
    """
    if not options:
        return
    known = part_parameters(kind, name) - set(GIVEN.get(kind, ()))
    for option in options:
        if option not in known:
            raise RecipeError(str(UnknownName(f"option of {kind} {name!r}", option, known)))
    try:
        target = registry.get(kind, name).target
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        return  # Where nothing can be trained the names alone are checked.
    parameters = inspect.signature(target).parameters
    for option, value in options.items():
        try:
            _check_value(target, parameters[option].annotation, value)
        except ValidationError as error:
            said = error.errors()[0]["msg"]
            text = f"{said[0].lower()}{said[1:]}"
            raise RecipeError(f"{field}.{option} = {value!r}: {text}") from error


def _check_value(target: Any, annotation: Any, value: Any) -> None:
    """Check an option against its annotation; one that cannot be understood allows anything."""
    if isinstance(annotation, str):
        home = sys.modules[getattr(target, "__module__", __name__)]
        try:
            annotation = eval(annotation, vars(home))  # the source of the part itself
        except (NameError, AttributeError, TypeError, SyntaxError):
            return
    if annotation is inspect.Parameter.empty:
        return
    config = ConfigDict(strict=not isinstance(value, list), allow_inf_nan=False)
    try:
        adapter = TypeAdapter(annotation, config=config)
    except PydanticUserError:
        return
    adapter.validate_python(value)
