"""Run what is missing of an experiment and write its page."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._workers import keep_worker
from ..errors import NetsciError, RunLocked, UnknownName
from ..run import load_run
from ..store import Store
from ..training.recipe import Recipe, load_recipe, shipped_recipe
from ..training.sweep import SweepRun, train_one
from ._experiment import Cell, Experiment, load_experiment
from ._quantities import Quantity, curve_values, final_values
from ._results import ResultTable

# What does not change what is computed, or names a place on one machine.
_NOT_REQUEST = ("data", "threads", "device", "backend", "init_from", "tf32", "compile")
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Reproduction:
    """What came of an experiment."""

    experiment: Experiment
    folder: str
    page: Path | None
    results: Any
    failed: tuple[tuple[str, str], ...]


def reproduce(
    experiment: str | os.PathLike[str] | Experiment,
    out: str | os.PathLike[str] | None = None,
    *,
    data: str | None = None,
    quick: bool = False,
    seeds: int | None = None,
    rows: Sequence[str] | None = None,
    settings: Sequence[str] | None = None,
    changes: Mapping[str, Any] | None = None,
    jobs: int = 1,
    train: bool = True,
    compare: bool = True,
    progress: Progress | None = None,
) -> Reproduction:
    """Run what is missing of an experiment, and set its figures beside the published ones.

    A line of ``results.csv`` is written when a run has ended and was verified; a line that is
    there is not computed again, also when the run itself is gone. Runs that were stopped go on.

    Parameters
    ----------
    experiment
        A name (see `experiments`), a TOML file, or an `Experiment`.
    out
        Folder for runs, ``results.csv``, ``curves.csv`` and the page ``index.html``; by default
        ``reproductions/NAME``.
    data
        Where the experiment's data are: a folder or file. Or another data set by name or hub id,
        which makes it another experiment.
    quick
        The smaller version; it says so beside every figure.
    seeds, rows, settings
        Only so many seeds; only these rows and settings.
    changes
        Where to compute, such as ``{"device": "cuda"}``: `threads`, `device` and `backend` only,
        for anything else would be another experiment.
    jobs
        Runs at a time, each in a process of its own with one thread.
    train
        False writes the page from the lines that are there.
    compare
        Also write the comparison report of the runs at hand.
    progress
        Called as ``progress(done, total, what)``.

    Raises
    ------
    UnknownName, RecipeError, NetsciError
        For an unknown name, or a request that contradicts itself. A run that fails does not stop
        the others; it is listed in ``failed``.
    """
    if not isinstance(experiment, Experiment):
        experiment = load_experiment(experiment)
    store = Store(out if out is not None else f"reproductions/{experiment.name}")
    tasks = _plan(experiment, store, data, quick, seeds, rows, settings, changes or {})
    failed: list[tuple[str, str]] = []
    if train:
        table = ResultTable(store)
        missing = [t for t in tasks if not table.has(t.key, t.digest, t.columns)]
        done = len(tasks) - len(missing)
        if progress:
            progress(done, len(tasks), "")
        for wave in _waves(missing, tasks):
            for task, outcome in _compute(wave, jobs):
                done += task in missing
                if isinstance(outcome, str):
                    failed.append((task.folder, outcome))
                elif task in missing:
                    _record(store, task, outcome)
                if progress:
                    said = "failed" if isinstance(outcome, str) else "finished"
                    progress(done, len(tasks), f"{task.folder}: {said}")
    table = ResultTable(store)
    page = None
    if store.is_local:
        from ._page import write_page

        page = write_page(experiment, store, table, quick, compare=compare)
    return Reproduction(experiment, store.url, page, table.rows, tuple(failed))


@dataclass(frozen=True)
class _Task:
    """One cell, ready to run; it travels to a worker process."""

    kind: str
    key: tuple[str, str, int, bool]
    folder: str
    path: str
    recipe: Recipe | None
    options: dict[str, Any]
    digest: str
    data: str
    columns: tuple[str, ...]
    curves: tuple[str, ...]
    points: int
    measure_options: dict[str, dict[str, Any]]
    after: str | None

    def __hash__(self) -> int:
        return hash(self.path)


@dataclass(frozen=True)
class _Outcome:
    values: dict[str, Any]
    curves: list[tuple[str, float, float]]


def _plan(
    experiment: Experiment,
    store: Store,
    data: str | None,
    quick: bool,
    seeds: int | None,
    rows: Sequence[str] | None,
    settings: Sequence[str] | None,
    changes: Mapping[str, Any],
) -> list[_Task]:
    for kind, asked, known in (
        ("row", rows, experiment.rows),
        ("setting", settings, experiment.settings),
    ):
        for name in asked or ():
            if name not in {one.name for one in known}:
                raise UnknownName(kind, name, [one.name for one in known])
    for key in changes:
        if key not in ("threads", "device", "backend"):
            raise UnknownName(
                "change (what differs would be another experiment)", key, _NOT_REQUEST
            )
    place = store.path("quick" if quick else "runs")
    tasks = []
    for cell in experiment.cells(quick, seeds):
        if rows is not None and cell.row.name not in rows:
            continue
        if settings is not None and cell.setting.name not in settings:
            continue
        tasks.append(_task(cell, place, data, changes))
    if not tasks:
        raise NetsciError(
            "nothing of the experiment is left to run: ask for other rows or settings"
        )
    return tasks


def _task(cell: Cell, place: str, data: str | None, changes: Mapping[str, Any]) -> _Task:
    experiment = cell.experiment
    recipe, after, named = None, None, ""
    request = cell.changes()
    if experiment.kind == "training":
        recipe = load_recipe(shipped_recipe(experiment.recipe), **request)
        named = recipe.data
        if cell.row.start_from is not None:
            source = next(row for row in experiment.rows if row.name == cell.row.start_from)
            other = Cell(experiment, cell.setting, source, cell.seed, cell.quick)
            after = f"{place}/{other.folder}"
            recipe = recipe.but(init_from=after)
        # A data set that was asked for by hand is known by its fingerprint, not by its place.
        table = {k: v for k, v in recipe.to_table().items() if k not in _NOT_REQUEST}
        request = table | {"data": named, "after": cell.row.start_from}
        if data is not None and os.path.exists(data):
            recipe = recipe.but(data_options={**recipe.data_options, "path": data})
        elif data is not None:
            recipe, request = recipe.but(data=data), request | {"data": data}
        recipe = recipe.but(**changes) if changes else recipe
    text = json.dumps(request, sort_keys=True, default=str)
    return _Task(
        kind=experiment.kind,
        key=(*cell.key, cell.quick),
        folder=cell.folder,
        path=f"{place}/{cell.folder}",
        recipe=recipe,
        options=request if recipe is None else {},
        digest=hashlib.sha256(text.encode()).hexdigest()[:16],
        data=named if data is None or os.path.exists(data) else data,
        columns=experiment.columns,
        curves=experiment.curves,
        points=experiment.curve_points,
        measure_options=experiment.measure_options,
        after=after,
    )


def _record(store: Store, task: _Task, outcome: _Outcome) -> None:
    """Add a line to the results; another process may be at work on other rows."""
    for attempt in itertools.count():
        try:
            with store.lock():
                ResultTable(store).add(task.key, outcome.values, outcome.curves)
            return
        except RunLocked:
            if attempt == 100:
                raise
            time.sleep(0.2)


def _waves(missing: list[_Task], tasks: list[_Task]) -> Iterator[list[_Task]]:
    """Yield the tasks that wait for no other run, then those that do."""
    by_path = {task.path: task for task in tasks}
    wanted = {task.after for task in missing if task.after is not None}
    first = [task for task in missing if task.after is None]
    # A run whose line is there but whose folder is gone is needed again to start from.
    first += [by_path[path] for path in sorted(wanted) if by_path.get(path) not in (*first, None)]
    later = [task for task in missing if task.after is not None]
    yield from (wave for wave in (first, later) if wave)


def _compute(tasks: list[_Task], jobs: int) -> Iterator[tuple[_Task, _Outcome | str]]:
    if jobs == 1:
        for task in tasks:
            yield task, _outcome(task)
        return
    if jobs < 1:
        raise NetsciError(f"jobs must be at least 1, not {jobs}")
    from joblib import Parallel, delayed

    work = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    for place, outcome in work(delayed(_numbered)(i, task) for i, task in enumerate(tasks)):
        yield tasks[place], outcome


def _numbered(place: int, task: _Task) -> tuple[int, _Outcome | str]:
    keep_worker()
    return place, _outcome(task)


def _outcome(task: _Task) -> _Outcome | str:
    try:
        if task.kind == "link_prediction_time":
            from ._link_prediction_time import measure_time

            return _Outcome(_environment(task) | measure_time(task.options), [])
        return _of_run(task)
    except NetsciError as error:
        return str(error)


def _of_run(task: _Task) -> _Outcome:
    from ..training.verification import verify

    assert task.recipe is not None
    ended = train_one(SweepRun(task.path, task.recipe), threads=1)
    if ended.status == "failed":
        raise NetsciError(ended.reason)
    run = load_run(task.path)
    findings = verify(run)
    wrong = [f.what for f in findings if f.verdict == "damaged"]
    if wrong:
        raise NetsciError(f"{task.path} is not what it says: {wrong[0]}")
    columns, followed = task.columns, task.curves
    if not task.recipe.resolved_method().sparse:
        # A fully connected network has no topology to measure.
        columns = tuple(name for name in columns if Quantity(name).measure is None)
        followed = tuple(name for name in followed if Quantity(name).measure is None)
    values: dict[str, Any] = final_values(run, columns, task.measure_options)
    curves = curve_values(run, followed, task.points, task.measure_options)
    provenance = run.provenance
    values |= {
        "wall_s": provenance.get("duration_s"),
        "processor_s": provenance.get("processor_s"),
        "steps": provenance.get("steps"),
        "data_fingerprint": str(provenance.get("data", {}).get("fingerprint"))[:16],
        "finished": str(provenance.get("finished", ""))[:10],
        "verified": "ok" if all(f.verdict == "ok" for f in findings) else "differs",
    }
    facts = provenance.get("machine", {})
    return _Outcome(_environment(task) | values | {"device": facts.get("device", "cpu")}, curves)


def _environment(task: _Task) -> dict[str, Any]:
    from ..training.provenance import machine, versions

    known, here = versions(), machine("cpu")
    return {
        "data": task.data,
        "recipe": task.digest,
        "verified": "ok",
        "netsci_dst": known.get("netsci-dst"),
        "torch": known.get("torch"),
        "cpu": here["processor"],
        "device": "cpu",
    }
