"""What a report is about: a run or several."""

from __future__ import annotations

import os
from typing import Any

from ..errors import RunError
from ..run import Run, load_run


def open_subjects(runs: Any) -> list[Run]:
    """Return runs from a run, a path, or a sequence of either."""
    if isinstance(runs, (Run, str, os.PathLike)):
        runs = [runs]
    opened = [run if isinstance(run, Run) else load_run(run) for run in runs]
    if not opened:
        raise RunError("a report needs at least one run")
    return opened
