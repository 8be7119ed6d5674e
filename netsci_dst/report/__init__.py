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
        return _module(".show")
    if name in _HOMES:
        value = getattr(_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name, __name__)
    except ModuleNotFoundError as error:
        if error.name != "markupsafe":
            raise
        from ..errors import MissingDependency

        raise MissingDependency("jinja2", "report", "a report") from error


class _CallablePackage(ModuleType):
    # `netsci_dst.report` is this package and, by the same name, the function to call.
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Write a report; see `netsci_dst.report.report`."""
        return __getattr__("report")(*args, **kwargs)


sys.modules[__name__].__class__ = _CallablePackage
