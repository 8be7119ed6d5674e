"""What is worth knowing before the first analysis on a machine."""

from __future__ import annotations

import os
from pathlib import Path

from . import _console


def tell() -> None:
    """Say that kernels are compiled, once, where none has been kept yet."""
    kept = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(kept) if kept else Path(__file__).parents[1] / "analysis"
    if next(folder.rglob("*.nbi"), None) is None:
        _console.say("the first analysis here compiles its kernels: half a minute or two, once")
