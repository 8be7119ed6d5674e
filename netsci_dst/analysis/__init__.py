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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for editors and type checkers; new files are found without a line here
    from .across_runs import *  # noqa: F403
    from .activity import *  # noqa: F403
    from .angular_separation import *  # noqa: F403
    from .assortativity import *  # noqa: F403
    from .centrality import *  # noqa: F403
    from .clustering import *  # noqa: F403
    from .credit_paths import *  # noqa: F403
    from .degrees import *  # noqa: F403
    from .dormant import *  # noqa: F403
    from .embedding import *  # noqa: F403
    from .evolution import *  # noqa: F403
    from .input_maps import *  # noqa: F403
    from .k_shell import *  # noqa: F403
    from .lcp import *  # noqa: F403
    from .modularity import *  # noqa: F403
    from .navigation import *  # noqa: F403
    from .null_models import *  # noqa: F403
    from .paths import *  # noqa: F403
    from .power_law import *  # noqa: F403
    from .read_network import *  # noqa: F403
    from .results import *  # noqa: F403
    from .rich_club import *  # noqa: F403
    from .robustness import *  # noqa: F403
    from .runner import *  # noqa: F403
    from .small_world import *  # noqa: F403
    from .structural_consistency import *  # noqa: F403
    from .topological_measures import *  # noqa: F403
    from .topology_distance import *  # noqa: F403


class _Package(ModuleType):
    # A file may be called like the function it is about (`modularity`): importing the file must
    # not hide the function.
    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and name in getattr(value, "__all__", ()):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def _public_modules() -> list[ModuleType]:
    here = sys.modules[__name__].__path__
    found = [info.name for info in pkgutil.iter_modules(here) if not info.name.startswith("_")]
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
