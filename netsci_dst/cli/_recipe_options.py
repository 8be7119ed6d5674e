"""The recipe's fields as command-line options: written once, in `Recipe`."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer

from ._completion import KIND_OF_FIELD, names_of
from ._console import say, value_of

_FIRST = ("data", "model", "method", "sparsity", "epochs", "seed", "device")


def with_recipe_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for each plain field of the recipe.

    The command receives them as the dictionary ``asked``: only what was given on the command line.
    """
    from ..recipe import Recipe

    given_by_hand = inspect.signature(command, eval_str=True).parameters.values()
    own = [parameter for parameter in given_by_hand if parameter.name != "asked"]
    fields = {name: _option(name, field) for name, field in Recipe.model_fields.items()}
    options = {name: option for name, option in fields.items() if option is not None}
    order = [*_FIRST, *(name for name in options if name not in _FIRST)]
    parameters = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=options[name]
        )
        for name in order
    ]

    def wrapper(**given: Any) -> Any:
        asked = {}
        for name in order:
            value = given.pop(name)
            if value is not None:
                sequence = _is_sequence(Recipe.model_fields[name].annotation)
                asked[name] = _list(value) if sequence else value
        return command(**given, asked=asked)

    wrapper.__doc__ = command.__doc__
    wrapper.__name__ = command.__name__
    keyword = inspect.Parameter.KEYWORD_ONLY
    signature = inspect.Signature([*(p.replace(kind=keyword) for p in own), *parameters])
    wrapper.__signature__ = signature  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return wrapper


def _option(name: str, field: Any) -> Any:
    kind = _plain(field.annotation)
    if kind is None:
        return None
    text = field.description or ""
    choices = _choices(field.annotation)
    if choices:
        text += f" One of {', '.join(choices)}."
    default = field.default
    if default is not None and default != {} and default != ():
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
        text += f" Default: {shown}."
    panel = "What" if name in _FIRST else "How, in detail"
    known = names_of(KIND_OF_FIELD[name]) if name in KIND_OF_FIELD else None
    option = typer.Option(
        help=text, rich_help_panel=panel, show_default=False, autocompletion=known
    )
    return Annotated[kind | None, option]


def _parts(annotation: Any) -> list[Any]:
    if get_origin(annotation) in (Union, types.UnionType):
        return [part for part in get_args(annotation) if part is not type(None)]
    return [annotation]


def _plain(annotation: Any) -> Any:
    part = _parts(annotation)[0]
    if get_origin(part) is Literal or _is_sequence(annotation):
        return str
    return part if part in (str, int, float, bool) else None


def _choices(annotation: Any) -> list[str]:
    part = _parts(annotation)[0]
    return [str(a) for a in get_args(part)] if get_origin(part) is Literal else []


def _is_sequence(annotation: Any) -> bool:
    return typing.get_origin(_parts(annotation)[0]) in (tuple, list)


def _list(text: str) -> list[Any]:
    return [value_of(part) for part in text.split(",") if part.strip()]


def merge_settings(asked: dict[str, Any], settings: list[str] | None) -> dict[str, Any]:
    """Add ``key=value`` and ``group.key=value`` settings to what was asked.

    An option of the method may go without its group, as ``zeta``.
    """
    from ..recipe import full_name

    for item in settings or ():
        key, equals, text = item.partition("=")
        parts = full_name(key.strip()).split(".")
        if not equals or not all(parts):
            raise typer.BadParameter(f"{item!r} is not of the form key=value")
        place = asked
        for part in parts[:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise typer.BadParameter(f"{item!r}: {part!r} is a value, not a group")
        place[parts[-1]] = value_of(text)
    return asked


def with_hidden(asked: dict[str, Any], hidden: str | None) -> dict[str, Any]:
    """Add ``--hidden 1568,1568,1568`` to what was asked."""
    if hidden is None:
        return asked
    sizes = value_of(f"[{hidden}]")
    if not isinstance(sizes, list) or not all(isinstance(size, int) for size in sizes):
        raise typer.BadParameter(f"--hidden {hidden!r}: give whole numbers, as 1568,1568,1568")
    return merge_settings(asked, [f"model_options.hidden={sizes}"])


def resolve(recipe: str | None, asked: dict[str, Any], settings: list[str] | None) -> Any:
    """Return the recipe that was asked for, and say which of its settings the method drops."""
    from ..recipe import load_recipe

    changes = merge_settings(asked, settings)
    resolved = load_recipe(recipe, **changes)
    taken = [key for key in resolved.data_options if key.endswith("_language")]
    if "data" in changes and taken:
        sides = ", ".join(f"{key} = {resolved.data_options[key]!r}" for key in taken)
        say(f"{resolved.data} in the direction of the recipe: {sides}")
    if "method" in changes:
        say_dropped(recipe, changes["method"])
    return resolved


def say_dropped(recipe: Any, *methods: Any) -> None:
    """Say which of a recipe's settings other methods drop."""
    from ..recipe import dropped_settings

    for method in methods:
        if dropped := dropped_settings(recipe, method):
            say(f"method {method} does without the recipe's {', '.join(dropped)}")
