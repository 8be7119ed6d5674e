"""Write a benchmark's results beside the machine they were measured on."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from pathlib import Path
from typing import Any

from netsci_dst.training.provenance import processor

RESULTS = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """Return processor, cores and versions; no names and no paths."""
    versions = {}
    for package in ("torch", "numpy", "numba", "llvmlite", "scipy"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "cpu": processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": versions,
    }


def write(name: str, results: dict[str, Any], note: str = "", **facts: Any) -> Path:
    """Write ``results/<name>.json`` and return its path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    data = {"benchmark": name, "machine": {**machine(), **facts}, "results": results}
    if note:
        data["note"] = note
    path.write_text(json.dumps(data, indent=2) + "\n")
    print(f"results/{path.name}")
    return path
