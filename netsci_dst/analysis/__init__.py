"""Measures of sparse networks: functions on any graph, and the same measures over whole runs.

Every name in the ``__all__`` of a public module of this package is a public name here, resolved
when first used, so that importing this package is quick. A graph is an ``igraph.Graph``, a
``networkx.Graph``, a symmetric scipy sparse matrix, or a topology or snapshot of this package.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from types import ModuleType
from typing import Any


class _Package(ModuleType):
    # A file may be called like the function it is about (`modularity`): importing the file must
    # not hide the function.
    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and name in getattr(value, "__all__", ()):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def _public_modules() -> list[ModuleType]:
    found = [info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_")]
    return [importlib.import_module(f"{__name__}.{name}") for name in sorted(found)]


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for module in _public_modules():
        if name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    exported = {name for module in _public_modules() for name in getattr(module, "__all__", ())}
    return sorted({*globals(), *exported})
