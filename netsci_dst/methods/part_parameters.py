"""What the function of a part takes, told from its source where that is enough: no import."""

from __future__ import annotations

import ast
import inspect
from functools import cache
from importlib import resources

from .. import registry


def part_parameters(kind: str, name: str) -> set[str]:
    """Return the names of the arguments of a registered part.

    Raises
    ------
    UnknownName
        With the nearest right name.
    """
    listed = registry.about(kind, name)
    if isinstance(listed, registry.Listed):
        found = _written(listed.where).get((kind, name))
        if found is not None:
            return set(found)
    return set(inspect.signature(registry.get(kind, name).target).parameters)


@cache
def _written(where: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the arguments of the functions that a file registers, by kind and name."""
    *folders, file = where.split(".")
    place = resources.files(registry.PACKAGE).joinpath(*folders, f"{file}.py")
    if not place.is_file():
        return {}
    found = {}
    for node in ast.parse(place.read_text(encoding="utf-8")).body:
        function = _function(node)
        if function is not None:
            taken = function.args
            names = [a.arg for a in (*taken.posonlyargs, *taken.args, *taken.kwonlyargs)]
            for kind_and_name in _registrations(node):
                found[kind_and_name] = tuple(name for name in names if name != "self")
    return found


def _function(node: ast.stmt) -> ast.FunctionDef | None:
    if isinstance(node, ast.ClassDef):
        inner = (one for one in node.body if isinstance(one, ast.FunctionDef))
        return next((one for one in inner if one.name == "__init__"), None)
    return node if isinstance(node, ast.FunctionDef) else None


def _registrations(node: ast.stmt) -> list[tuple[str, str]]:
    found = []
    for call in getattr(node, "decorator_list", ()):
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("register"):
            said = [a.value for a in call.args[:2] if isinstance(a, ast.Constant)]
            if len(said) == 2:
                found.append((str(said[0]), str(said[1])))
    return found
