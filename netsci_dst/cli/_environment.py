"""What a report of a problem has to say about an installation: versions and machine, no paths."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PACKAGE = "netsci-dst"


def environment() -> dict[str, Any]:
    """Return versions of Python and of all dependencies that are installed, and the machine.

    No path, no user name and no host name is in it.
    """
    return {"versions": _versions(), "machine": _machine()}


def _versions() -> dict[str, str]:
    found = {"python": f"{platform.python_implementation()} {platform.python_version()}"}
    for name in (PACKAGE, *sorted(_dependencies())):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _dependencies() -> set[str]:
    """Return the names of all dependencies, of the extras too, as the installation lists them."""
    try:
        lines = requires(PACKAGE) or []
    except PackageNotFoundError:
        return set()
    names = {match[0] for line in lines if (match := re.match(r"[A-Za-z0-9._-]+", line))}
    return names - {PACKAGE}


def _machine() -> dict[str, Any]:
    facts: dict[str, Any] = {
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory, GiB": _memory(),
        "threads asked": os.environ.get("OMP_NUM_THREADS"),
    }
    facts |= _accelerator()
    return {key: value for key, value in facts.items() if value is not None}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _memory() -> float | None:
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
    return round(pages * size / 2**30, 1)


def _accelerator() -> dict[str, Any]:
    if find_spec("torch") is None:
        return {}
    import torch

    if not torch.cuda.is_available():
        return {"gpu": "none that PyTorch finds"}
    found = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {"gpu": ", ".join(found), "cuda": torch.version.cuda}
