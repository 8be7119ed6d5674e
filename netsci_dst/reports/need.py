"""Optional packages, imported when a picture needs them."""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import MissingDependency


def need(module: str, extra: str = "report", purpose: str = "a report") -> Any:
    """Import and return a module, or raise `MissingDependency` naming the extra."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependency(module.split(".")[0], extra, purpose) from error
