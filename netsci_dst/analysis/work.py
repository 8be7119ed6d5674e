"""One unit of work: some measures on one snapshot or run, here or in another process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import NetsciError
from ..run import Run
from ..snapshots import Snapshot, from_bytes
from ..workers import keep_worker
from .measure import Array, Measure, NotApplicable, Value
from .result_store import FAILED, NOT_APPLICABLE, SKIPPED, WHOLE_RUN, Outcome


@dataclass(frozen=True)
class Task:
    """A measure to compute with its options."""

    measure: Measure
    options: dict[str, Any]
    by_name: bool  # asked for by name: computed whatever it costs


@dataclass(frozen=True)
class Unit:
    """Tasks that share one input.

    The input is a run's path and a step (`WHOLE_RUN` for the run itself), or, where another
    process could not read it, an encoded or ready snapshot.
    """

    run: int
    path: str | None
    step: int
    epoch: float
    source: str
    tasks: tuple[Task, ...]
    limit_s: float
    given: Run | Snapshot | bytes | None = None

    def read(self) -> Any:
        """Return the snapshot or run that the measures take."""
        if isinstance(self.given, bytes):
            return from_bytes(self.given)
        if self.given is not None:
            return self.given
        assert self.path is not None
        run = Run.open(self.path)
        return run if self.step == WHOLE_RUN else run.snapshots.at(self.step)


def work(unit: Unit) -> tuple[Unit, list[Outcome]]:
    """Compute the tasks of a unit; what goes wrong with one is noted and stops no other."""
    keep_worker()
    try:
        subject = unit.read()
    except Exception as error:
        if _is_gone(unit):
            return unit, []
        return unit, [_outcome(unit, task, FAILED, _reason(error)) for task in unit.tasks]
    return unit, [_compute(unit, task, subject) for task in unit.tasks]


def _is_gone(unit: Unit) -> bool:
    """Whether a run that is still written has thinned out the snapshot since it was listed."""
    if unit.path is None or unit.step == WHOLE_RUN:
        return False
    try:
        return unit.step not in Run.open(unit.path).snapshots.steps
    except NetsciError:
        return False


def _compute(unit: Unit, task: Task, subject: Any) -> Outcome:
    start = time.perf_counter()
    outcome = _outcome(unit, task)
    try:
        if unit.step != WHOLE_RUN and not task.by_name:
            seconds = task.measure.seconds(subject.topology)
            if seconds > unit.limit_s:
                return _outcome(unit, task, SKIPPED, _too_costly(seconds, task.measure.name))
        outcome.values, outcome.arrays = _collect(task, subject)
    except NotApplicable as error:
        outcome = _outcome(unit, task, NOT_APPLICABLE, str(error))
    except Exception as error:
        outcome = _outcome(unit, task, FAILED, _reason(error))
    outcome.seconds = time.perf_counter() - start
    return outcome


def _collect(task: Task, subject: Any) -> tuple[list[Value], list[Array]]:
    values: list[Value] = []
    arrays: list[Array] = []
    for item in task.measure.function(subject, **task.options):
        if isinstance(item, Value):
            values.append(item._replace(value=float(item.value)))
        elif isinstance(item, Array):
            arrays.append(item)
        else:
            raise TypeError(f"a measure yields Value and Array, not {type(item).__name__}")
    return values, arrays


def _outcome(unit: Unit, task: Task, status: str = "done", reason: str | None = None) -> Outcome:
    return Outcome(task.measure, task.options, unit.step, unit.epoch, unit.source, status, reason)


def _too_costly(seconds: float, name: str) -> str:
    minutes = seconds / 60
    amount = f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"
    return f"would take about {amount} on this network: ask for {name!r} by name to compute it"


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def split(units: Sequence[Unit], jobs: int) -> list[Unit]:
    """Divide units among processes, long work first.

    The cheap measures of a snapshot stay together, and so do deep ones that share work.
    """
    deep: list[Unit] = []
    cheap: list[Unit] = []
    spare = len(units) < jobs
    for unit in units:
        groups: dict[str, list[Task]] = {}
        for task in unit.tasks:
            name = task.measure.name if spare or task.measure.tier == "deep" else ""
            groups.setdefault(task.measure.shares or name, []).append(task)
        for group in groups.values():
            place = deep if group[0].measure.tier == "deep" else cheap
            place.append(replace(unit, tasks=tuple(group)))
    return deep + cheap
