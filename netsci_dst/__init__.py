"""Train sparse networks whose topology evolves, and study that topology as a network.

The public names are resolved when first used, so that importing this package is quick and imports
no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .analysis import analyze
    from .exchange import from_checkpoint, read_network
    from .reports import report, show
    from .run import Run, load_run
    from .snapshots import Snapshot
    from .stop_signals import stopped_by
    from .topology import Dense, Layer, Population, Topology
    from .training import compact, load_model, record, sparsify, to_dense, train
    from .training.wiring import of as wiring
    from .verification import verify

_HOMES = {
    "Population": ".topology",
    "Layer": ".topology",
    "Dense": ".topology",
    "Topology": ".topology",
    "Snapshot": ".snapshots",
    "Run": ".run",
    "load_run": ".run",
    "analyze": ".analysis",
    "train": ".training",
    "wiring": ".training.wiring:of",
    "sparsify": ".training",
    "record": ".training",
    "compact": ".training",
    "report": ".reports",
    "show": ".reports",
    "from_checkpoint": ".exchange",
    "read_network": ".exchange",
    "to_dense": ".training",
    "load_model": ".training",
    "stopped_by": ".stop_signals",
    "verify": ".verification",
}
_MODULES = ("analysis", "errors", "exchange", "link_prediction", "registry", "reports", "training")

__all__ = [
    "Dense",
    "Layer",
    "Population",
    "Run",
    "Snapshot",
    "Topology",
    "analyze",
    "compact",
    "from_checkpoint",
    "load_model",
    "load_run",
    "read_network",
    "record",
    "report",
    "show",
    "sparsify",
    "stopped_by",
    "to_dense",
    "train",
    "verify",
    "wiring",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        module, _, attribute = _HOMES[name].partition(":")
        value = getattr(importlib.import_module(module, __name__), attribute or name)
    elif name in _MODULES:
        value = importlib.import_module(f".{name}", __name__)
    else:
        raise AttributeError(f"module 'netsci_dst' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES, *_MODULES])
