"""Where and with what a run was made."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from typing import Any


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide what a run computes."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in ("netsci-dst", "torch", "numpy", "scipy", "numba", "transformers"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine(device: str) -> dict[str, Any]:
    """Return what kind of machine this is."""
    import torch

    about: dict[str, Any] = {
        "system": platform.system(),
        "release": platform.release(),
        "architecture": platform.machine(),
        "cpus": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": device,
    }
    if device.startswith("cuda"):
        about["gpu"] = torch.cuda.get_device_name(torch.device(device))
        about["cuda"] = torch.version.cuda
    return about


def now() -> str:
    """Return the time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def command() -> str:
    """Return the name of the program that runs, without its folder."""
    return os.path.basename(sys.argv[0]) if sys.argv and sys.argv[0] else "python"
