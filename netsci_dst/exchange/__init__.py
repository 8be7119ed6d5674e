"""In and out: checkpoints and networks of others become runs, snapshots become files of others."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import networks
    from .exports import FORMATS, export
    from .import_events import from_events
    from .import_run import from_checkpoint
    from .networks import read_network

_HOMES = {
    "FORMATS": ".exports",
    "export": ".exports",
    "from_checkpoint": ".import_run",
    "from_events": ".import_events",
    "read_network": ".networks",
}
__all__ = ["FORMATS", "export", "from_checkpoint", "from_events", "networks", "read_network"]


def __getattr__(name: str) -> Any:
    if name == "networks":
        return importlib.import_module(".networks", __name__)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name], __name__), name)
