"""The named methods: one TOML file each, registered when this package is imported.

A method of one's own is a recipe with ``method_options``, or an extension that calls
`register_method`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any

from ... import registry

if TYPE_CHECKING:
    from ._options import MethodOptions, Phase

__all__ = ["MethodOptions", "Phase", "method", "register_method"]


def register_method(name: str, options: Mapping[str, Any], summary: str, source: str = "") -> None:
    """Make a method known by name.

    Parameters
    ----------
    options
        Fields of `MethodOptions`.
    """
    registry.add("method", name, dict(options), summary=summary, source=source)


def method(name: str, **overrides: Any) -> MethodOptions:
    """Return the options of a named method, with some of them changed.

    Raises
    ------
    UnknownName, RecipeError
        For an unknown method, option or part, or an impossible value.

    Examples
    --------
    >>> method("set", zeta=0.2).regrowth
    'random'
    """
    from ._options import validated

    table = {**registry.get("method", name).target, "name": name, **overrides}
    return validated(table, f"method {name!r}")


def __getattr__(name: str) -> Any:
    if name in ("MethodOptions", "Phase"):
        from . import _options

        return getattr(_options, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _register_shipped() -> None:
    for file in sorted(resources.files(__name__).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            table = tomllib.loads(file.read_text(encoding="utf-8"))
            summary, source = table.pop("summary"), table.pop("source")
            register_method(file.name.removesuffix(".toml"), table, summary, source)


_register_shipped()
