"""Which runs a sweep will have, kept beside them: those that have not begun yet are known, too."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass

from .errors import NetsciError
from .store import Store

NAME = "sweep.json"


@dataclass(frozen=True)
class SweepPlan:
    """Names of the runs of a sweep, and how many train at once."""

    runs: tuple[str, ...]
    jobs: int


def write_plan(out: str | os.PathLike[str], paths: Sequence[str], jobs: int) -> None:
    """Write the plan of a sweep into the folder of its runs."""
    names = [path.rstrip("/").rsplit("/", 1)[-1] for path in paths]
    text = json.dumps({"runs": names, "jobs": max(1, jobs)})
    Store(os.fspath(out).rstrip("/")).write(NAME, text.encode())


def plan_beside(run: str) -> SweepPlan | None:
    """Return the plan of the sweep that a run belongs to; None where there is none."""
    folder, _, name = run.rstrip("/").rpartition("/")
    if not folder:
        return None
    try:
        data = Store(folder).read_if_there(NAME)
        found = None if data is None else json.loads(data)
        plan = found and SweepPlan(tuple(map(str, found["runs"])), max(1, int(found["jobs"])))
    except (NetsciError, OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return plan if plan and name in plan.runs else None
