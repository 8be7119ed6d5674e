"""What is to be computed: which measures, on which snapshots, and what is there already."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .. import registry
from ..errors import NetsciError, UnknownName
from ..run import Run
from ..snapshots import Snapshot, read_epoch
from .result_store import FINAL, SKIPPED, WHOLE_RUN, ResultStore, run_source, task_key
from .work import Task, Unit


def choose(
    measures: str | Iterable[str] | None,
    tier: str | None,
    options: Mapping[str, Mapping[str, Any]] | None,
) -> list[Task]:
    """Return the measures asked for with their resolved options, in order of name.

    Raises
    ------
    UnknownName
        If a measure or an option of one is unknown.
    NetsciError
        If options are given for a measure that was not asked for, or the tier is unknown.
    """
    if tier not in (None, "cheap", "deep"):
        raise NetsciError(f"tier must be 'cheap' or 'deep', not {tier!r}")
    if measures is None:
        chosen = [entry.target for entry in registry.entries("measure")]
    else:
        names = [measures] if isinstance(measures, str) else list(measures)
        chosen = [registry.get("measure", name).target for name in dict.fromkeys(names)]
    chosen = [m for m in chosen if tier in (None, m.tier)]
    options = dict(options or {})
    known = {measure.name for measure in chosen}
    for name in options:
        registry.get("measure", name)
        if name not in known:
            raise NetsciError(f"options are given for measure {name!r}, which is not asked for")
    by_name = measures is not None
    return [Task(m, m.resolve(options.get(m.name)), by_name) for m in chosen]


def deep_positions(count: int) -> list[int]:
    """Return which of ``count`` snapshots deep measures take: the first, powers of two, the last.

    The powers of two stay the same as a run grows, so that nothing is computed in vain.

    Examples
    --------
    >>> deep_positions(250)
    [0, 1, 2, 4, 8, 16, 32, 64, 128, 249]
    """
    powers = [2**k for k in range(count.bit_length()) if 2**k < count]
    return sorted({0, *powers, count - 1}) if count else []


def plan_run(
    place: int,
    run: Run,
    tasks: Sequence[Task],
    steps: str | Sequence[int] | None,
    limit_s: float,
    ship: bool,
) -> list[Unit]:
    """Return the units of a run, one per snapshot and one for the run as a whole.

    ``ship`` says that other processes do the work: they read what they can by themselves.
    """
    store = run.store
    path = os.path.abspath(store.path()) if store.is_local else store.url
    carried = ship and path.startswith("memory://")
    wanted = _wanted_steps(run, steps)
    deep = {run.snapshots.steps[i] for i in deep_positions(len(run.snapshots))}
    units = []
    for entry in run.snapshots.index:
        step = int(entry["step"])
        if step not in wanted:
            continue
        here = [
            task
            for task in tasks
            if task.measure.takes == "snapshot"
            and (task.measure.tier == "cheap" or steps is not None or step in deep)
        ]
        given = store.read(f"snapshots/{entry['file']}") if carried else None
        units.append(
            Unit(
                place,
                path,
                step,
                read_epoch(entry["epoch"]),
                entry["sha256"],
                tuple(here),
                limit_s,
                given,
            )
        )
    whole = tuple(task for task in tasks if task.measure.takes == "run")
    if whole:
        given_run = None if ship else run
        source = run_source(run)
        units.append(Unit(place, path, WHOLE_RUN, float("nan"), source, whole, limit_s, given_run))
    return [unit for unit in units if unit.tasks]


def plan_snapshot(
    place: int, snapshot: Snapshot, tasks: Sequence[Task], limit_s: float
) -> list[Unit]:
    """Return the one unit of something that is no run; measures of runs are left out."""
    here = tuple(task for task in tasks if task.measure.takes == "snapshot")
    unit = Unit(
        place, None, snapshot.step, snapshot.epoch, f"given {place}", here, limit_s, snapshot
    )
    return [unit] if here else []


def missing(unit: Unit, results: ResultStore) -> Unit:
    """Return the unit with those tasks alone whose results are not there."""
    todo = []
    for task in unit.tasks:
        note = results.notes.get(task_key(unit.source, task.measure, task.options))
        status = note["status"] if note else None
        if status not in FINAL and not (status == SKIPPED and not task.by_name):
            todo.append(task)
    return replace(unit, tasks=tuple(todo))


def _wanted_steps(run: Run, steps: str | Sequence[int] | None) -> set[int]:
    known = run.snapshots.steps
    if steps is None or (isinstance(steps, str) and steps == "all"):
        return set(known)
    if isinstance(steps, str):
        raise UnknownName("choice of steps", steps, ["all"])
    wanted: set[int] = {int(step) for step in np.atleast_1d(steps)}
    for step in sorted(wanted - set(known)):
        run.snapshots.at(step)
    return wanted
