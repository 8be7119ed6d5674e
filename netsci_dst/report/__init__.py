"""Figures and the HTML report; the package itself can be called as `report`."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import show
    from ._figures import figures
    from ._film import film
    from ._page import report
    from ._watch import watch

_HOMES = {
    "report": "._page",
    "figures": "._figures",
    "film": "._film",
    "watch": "._watch",
}

__all__ = ["figures", "film", "report", "show", "watch"]


def __getattr__(name: str) -> Any:
    if name == "show":
        return importlib.import_module(".show", __name__)
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name], __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _CallablePackage(ModuleType):
    # `netsci_dst.report` is this package and, by the same name, the function to call.
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Write a report; see `netsci_dst.report.report`."""
        return __getattr__("report")(*args, **kwargs)


sys.modules[__name__].__class__ = _CallablePackage
