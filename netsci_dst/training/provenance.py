"""Where and with what a run was made."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
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
        "processor": processor(),
        "cpus": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": device,
    }
    if device.startswith("cuda"):
        about["gpu"] = torch.cuda.get_device_name(torch.device(device))
        about["cuda"] = torch.version.cuda
    return about


def processor() -> str:
    """Return the processor's name, with ``(AVX-512)`` where it has these instructions."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = {k.strip(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    wide = " (AVX-512)" if "avx512f" in facts.get("flags", "").split() else ""
    return f"{facts.get('model name', platform.processor() or platform.machine())}{wide}"


def now() -> str:
    """Return the time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def command() -> str:
    """Return the name of the program that runs, without its folder."""
    return os.path.basename(sys.argv[0]) if sys.argv and sys.argv[0] else "python"
