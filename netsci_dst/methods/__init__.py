"""The named methods: one TOML file each in this folder, found by its name.

A method of one's own is a TOML file anywhere, a recipe with ``method_options``, or an extension
that calls `register_method`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import registry
from ..errors import RecipeError
from .check import check_options
from .merge import merged_options
from .options import MethodOptions, Phase, validated

__all__ = [
    "MethodOptions",
    "Phase",
    "is_file",
    "method",
    "options_of",
    "own_options",
    "register_method",
]


# A table with all of these says everything, as a run's recipe does, whatever the method was called.
_OWN = set(MethodOptions.model_fields) - {"name"}


def register_method(name: str, options: Mapping[str, Any], summary: str, source: str = "") -> None:
    """Make a method known by name.

    Parameters
    ----------
    name
        Its name in recipes and in ``netsci-dst list methods``.
    options
        Fields of `MethodOptions`.
    summary
        What it does, in a sentence.
    source
        Paper and section.

    Examples
    --------
    >>> slow = {"removal": "magnitude", "regrowth": "random", "zeta": 0.1}
    >>> register_method("set-slow", slow, "SET with a small share of exchanged links.")
    >>> options_of("set-slow").zeta
    0.1
    """
    registry.add("method", name, dict(options), summary=summary, source=source)


def method(name: str, **overrides: Any) -> MethodOptions:
    """Return the options of a named method, with some of them changed, all checked.

    Parameters
    ----------
    name
        A registered method, or the path of a TOML file that holds one.
    overrides
        Fields of `MethodOptions` that differ.

    Returns
    -------
    MethodOptions
        Complete and checked.

    Raises
    ------
    UnknownName, RecipeError
        For an unknown method, option or part, or an impossible value.

    Examples
    --------
    >>> method("set", zeta=0.2).regrowth
    'random'
    """
    options = options_of(name, overrides)
    try:
        check_options(options)
    except RecipeError as error:
        raise RecipeError(f"method {name!r}: {error}") from error
    return options


def options_of(name: str, overrides: Mapping[str, Any] | None = None) -> MethodOptions:
    """Return a method's options without looking at the code of its parts: imports no torch.

    Names of parts are checked, the parts' own options are not; see `method`.

    Parameters
    ----------
    name
        A registered method, or the path of a TOML file that holds one.
    overrides
        Fields that differ.

    Returns
    -------
    MethodOptions
        Complete and checked.

    Raises
    ------
    UnknownName, RecipeError
        For an unknown method or option, or an impossible value.

    Examples
    --------
    >>> options_of("set", {"zeta": 0.1}).zeta
    0.1
    """
    overrides = dict(overrides or {})
    known = {} if overrides.keys() >= _OWN else _table(name)
    title = Path(name).stem if is_file(name) else name
    table = {"name": title, **merged_options(known, overrides)}
    return validated(table, f"method {name!r}")


def own_options(name: str) -> MethodOptions:
    """Return a method as it ships; the defaults for one that is known by its table alone."""
    known = is_file(name) or name in registry.names("method")
    return options_of(name) if known else MethodOptions.model_validate({"name": name})


def is_file(name: str) -> bool:
    """Whether a method is named by the path of its file."""
    return name.endswith(".toml")


def _table(name: str) -> Mapping[str, Any]:
    if not is_file(name):
        return registry.get("method", name).target
    table = read_method(name)
    return {key: value for key, value in table.items() if key not in ("summary", "source")}


def read_method(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the table of a method's TOML file.

    Raises
    ------
    RecipeError
        If it cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(Path(path).expanduser().read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecipeError(f"there is no method at {os.fspath(path)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"cannot read the method {os.fspath(path)}: {error}") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RecipeError(f"{os.fspath(path)} is not valid TOML: {error}") from error
