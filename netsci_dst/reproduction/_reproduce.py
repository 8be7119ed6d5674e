"""Run what is missing of an experiment and write its page."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import DataError, NetsciError, RunLocked
from ..recipe import Recipe
from ..run import load_run
from ..store import Store
from ..training.sweep import SweepRun, train_one
from ..workers import keep_worker
from ._experiment import Experiment, load_experiment
from ._pictures import draw_pictures, picture_file
from ._plan import Key, Task, chosen, plan
from ._quantities import METRICS, Quantity, curve_values, final_values
from ._results import ResultTable
from ._times import times_of

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Reproduction:
    """What came of an experiment."""

    experiment: Experiment
    folder: str
    page: Path | None
    results: Any
    failed: tuple[tuple[str, str], ...]
    waiting: tuple[str, ...] = ()


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
    seeds
        So many seeds of every row, instead of the experiment's number.
    rows, settings
        Only these.
    changes
        Where to compute, such as ``{"device": "cuda"}``: `threads`, `device` and `format` only,
        for anything else would be another experiment. Without a device, runs that take hours on a
        processor wait for a GPU: they are listed in ``waiting``.
    jobs
        Runs at a time, each in a process of its own with one thread.
    train
        False writes the page from the lines that are there.
    compare
        Also write the comparison report of the runs at hand.
    progress
        Called as ``progress(done, total, what)``.

    Returns
    -------
    Reproduction
        The page, the results, and what failed or waits.

    Raises
    ------
    UnknownName, RecipeError, NetsciError
        For an unknown name, or a request that contradicts itself. A run that fails does not stop
        the others; it is listed in ``failed``, as is one that starts from it.

    Examples
    --------
    >>> import tempfile
    >>> from netsci_dst.reproduction import experiments
    >>> found = reproduce(experiments()[0], tempfile.mkdtemp(), train=False)
    >>> found.page.name, found.failed
    ('index.html', ())
    """
    if not isinstance(experiment, Experiment):
        experiment = load_experiment(experiment)
    store = Store(out if out is not None else f"reproductions/{experiment.name}")
    most = max(seeds or 0, ResultTable(store).seeds(quick))
    tasks = plan(experiment, store, data=data, quick=quick, changes=changes, at_least=most)
    wanted = chosen(tasks, experiment, seeds, rows, settings)
    if jobs < 1:
        raise NetsciError(f"jobs must be at least 1, not {jobs}")
    failed: dict[Key, str] = {}
    waiting: list[Task] = []
    if train:
        missing = _missing(store, wanted)
        if not (changes or {}).get("device") and not _has_gpu(missing):
            waiting = [task for task in missing if task.needs_gpu]
            missing = [task for task in missing if not task.needs_gpu]
        _look_at_data(missing, data)
        total = len(wanted) - len(waiting)
        done = total - len(missing)
        if progress:
            progress(done, total, "")
        for wave in _waves(missing, tasks):
            ready = []
            for task in wave:
                if task.after in failed:
                    source = tasks[task.after].folder if task.after else ""
                    failed[task.key] = f"{source}, which it starts from, failed"
                else:
                    ready.append(task)
            for group, outcome in _compute(_alike(ready), jobs):
                for task in group:
                    said = outcome if isinstance(outcome, str) else None
                    if not isinstance(outcome, str) and task in missing:
                        said = _record(store, task, outcome)
                        done += said is None
                    if said is not None:
                        failed[task.key] = said
                    if progress:
                        ended = "finished" if said is None else "failed"
                        progress(done, total, f"{task.folder}: {ended}")
    table = ResultTable(store)
    page = None
    if store.is_local:
        from ._page import write_page

        digests = {key: task.digest for key, task in tasks.items()}
        page = write_page(
            experiment, store, table, quick, digests=digests, compare=compare, rows=rows
        )
    told = tuple((tasks[key].folder, reason) for key, reason in failed.items())
    left = tuple(task.folder for task in waiting)
    return Reproduction(experiment, store.url, page, table.rows, told, left)


@dataclass(frozen=True)
class Planned:
    """A run that `reproduce` would make.

    Attributes
    ----------
    run
        Its folder.
    recipe
        None where nothing is left to train here.
    status
        ``finished``, ``new``, or ``waits for a GPU``.
    steps
        How many it makes, where its recipe alone says so.
    seconds
        Of processor time, by runs that were made before; else None.
    told_by
        Those runs: ``row``, of the same row, or ``alike``, of rows that compute alike: dense, from
        dense to sparse, sparse, with the same per-step hook.
    """

    run: str
    recipe: Recipe | None
    status: str
    steps: int | None = None
    seconds: float | None = None
    told_by: str | None = None


def planned(
    experiment: str | os.PathLike[str] | Experiment,
    out: str | os.PathLike[str] | None = None,
    *,
    data: str | None = None,
    quick: bool = False,
    seeds: int | None = None,
    rows: Sequence[str] | None = None,
    settings: Sequence[str] | None = None,
    changes: Mapping[str, Any] | None = None,
) -> list[Planned]:
    """Return what `reproduce` would run, without running or writing it; the arguments are its own.

    Parameters
    ----------
    experiment, out, data, quick, seeds, rows, settings, changes
        As for `reproduce`.

    Returns
    -------
    list of Planned
        A line for each run; no data are read.

    Examples
    --------
    >>> import tempfile
    >>> from netsci_dst.reproduction import experiments
    >>> runs = planned(experiments()[0], tempfile.mkdtemp())
    >>> runs[0].status in ("new", "waits for a GPU")
    True
    """
    if not isinstance(experiment, Experiment):
        experiment = load_experiment(experiment)
    store = Store(out if out is not None else f"reproductions/{experiment.name}")
    table = ResultTable(store)
    most = max(seeds or 0, table.seeds(quick))
    tasks = plan(experiment, store, data=data, quick=quick, changes=changes, at_least=most)
    wanted = chosen(tasks, experiment, seeds, rows, settings)
    no_gpu = not (changes or {}).get("device") and not _has_gpu(wanted)
    times = times_of(experiment.name, table)
    kinds = {t.key[1]: _computes(t.recipe) for t in tasks.values() if t.recipe is not None}
    found: list[Planned] = []
    for task in wanted:
        if table.has(*_line_of(task)) or table.alike(*_line_of(task)) is not None:
            found.append(Planned(task.folder, None, "finished"))
        elif no_gpu and task.needs_gpu:
            found.append(Planned(task.folder, None, "waits for a GPU"))
        else:
            setting, row, _, is_quick = task.key
            steps = _steps(task.recipe)
            alike = [name for name, kind in kinds.items() if kind == kinds.get(row)]
            told = times.seconds((experiment.name, setting, row, is_quick), steps, alike)
            spent, by = told or (None, None)
            found.append(Planned(task.folder, task.recipe, "new", steps, spent, by))
    return found


def _computes(recipe: Recipe) -> tuple[Any, ...]:
    """Return what decides how long a step takes."""
    method = recipe.resolved_method()
    if not method.sparse:
        return ("dense",)
    start = recipe.sparsity if method.initial_sparsity is None else method.initial_sparsity
    format = recipe.format if start >= 0.9 else "masked"
    return format, method.step_hook, method.density != "constant", recipe.model


def _steps(recipe: Recipe | None) -> int | None:
    """Return how many steps a run makes where its recipe alone says so."""
    if recipe is None or recipe.steps or not recipe.train_samples:
        return None if recipe is None else recipe.steps
    return round(recipe.epochs * -(-recipe.train_samples // recipe.batch_size))


def _line_of(task: Task) -> tuple[Key, str, str]:
    return task.key, task.digest, task.read


def _has_gpu(tasks: Iterable[Task]) -> bool:
    """Say whether runs that want a GPU find one; torch is asked only if there are any."""
    if not any(task.needs_gpu for task in tasks):
        return False
    import torch

    return torch.cuda.is_available()


def _missing(store: Store, tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks without a line; a row that is the same run as another takes its line."""
    table = ResultTable(store)
    missing = []
    for task in tasks:
        if table.has(task.key, task.digest, task.read):
            continue
        known = table.alike(task.key, task.digest, task.read)
        if known is None or _record(store, task, _Outcome(*known)) is not None:
            missing.append(task)
    return missing


def _look_at_data(tasks: Sequence[Task], data: str | None) -> None:
    """Load the data once before all runs, which would fail one by one where there are none."""
    from ..training.build import load_data

    recipe = next((task.recipe for task in tasks if task.recipe is not None), None)
    if recipe is None:
        return
    try:
        load_data(recipe)
    except NetsciError as error:
        hint = "" if data else "; or say where they lie by --data"
        raise DataError(f"{error}{hint}") from error


@dataclass(frozen=True)
class _Outcome:
    values: dict[str, Any]
    curves: list[tuple[str, float, float]]
    pictures: dict[str, bytes] = field(default_factory=dict)


def _alike(tasks: Iterable[Task]) -> list[list[Task]]:
    """Put tasks of one request together: two rows that are the same run are run once."""
    groups: dict[tuple[Any, ...], list[Task]] = {}
    for task in tasks:
        groups.setdefault((task.digest, task.read, task.key[2:], task.after), []).append(task)
    return list(groups.values())


def _waves(missing: list[Task], tasks: Mapping[Key, Task]) -> Iterator[list[Task]]:
    """Yield the tasks that wait for no other run, then those that do."""
    first = [task for task in missing if task.after is None]
    # A run to start from is looked at again also when its line is there: its folder may be gone.
    for key in dict.fromkeys(task.after for task in missing if task.after is not None):
        if tasks[key] not in first:
            first.append(tasks[key])
    later = [task for task in missing if task.after is not None]
    yield from (wave for wave in (first, later) if wave)


def _record(store: Store, task: Task, outcome: _Outcome) -> str | None:
    """Add a line to the results, or say why not; another process may be at work on other rows."""
    for attempt in itertools.count():
        try:
            with store.lock():
                table = ResultTable(store)
                mark = outcome.values.get("data_fingerprint")
                if not table.agrees(task.data, mark, task.key[3]):
                    return (
                        f"{store.path('results.csv')} holds lines of other {task.data} data; "
                        "choose another folder"
                    )
                for name, picture in outcome.pictures.items():
                    store.write(picture_file(task.folder, name, task.key[3]), picture)
                table.add(task.key, outcome.values, outcome.curves)
            return None
        except RunLocked:
            if attempt == 100:
                return f"{store.url} is held by another process"
            time.sleep(0.2)
    return None


def _compute(groups: list[list[Task]], jobs: int) -> Iterator[tuple[list[Task], Any]]:
    if jobs == 1:
        for group in groups:
            yield group, _outcome(group[0])
        return
    from joblib import Parallel, delayed

    work = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    for place, outcome in work(delayed(_numbered)(i, g[0]) for i, g in enumerate(groups)):
        yield groups[place], outcome


def _numbered(place: int, task: Task) -> tuple[int, _Outcome | str]:
    keep_worker()
    return place, _outcome(task)


def _outcome(task: Task) -> _Outcome | str:
    try:
        if task.kind == "link_prediction_time":
            from ._link_prediction_time import measure_time

            return _Outcome(_environment(task) | measure_time(task.options), [])
        return _of_run(task)
    except NetsciError as error:
        return str(error)


def _of_run(task: Task) -> _Outcome:
    from ..training.build import load_data
    from ..verification import verify

    assert task.recipe is not None
    if task.after_path is not None and load_run(task.after_path).status != "finished":
        raise NetsciError(f"{task.after_path}, which it starts from, is not finished")
    ended = train_one(SweepRun(task.path, task.recipe), threads=1)
    if ended.status == "failed":
        raise NetsciError(ended.reason)
    run = load_run(task.path)
    findings = verify(run)
    wrong = [f.what for f in findings if f.verdict == "damaged"]
    if wrong:
        raise NetsciError(f"{task.path} is not what it says: {wrong[0]}")
    columns, followed, wanted = task.columns, task.curves, task.pictures
    if not task.recipe.resolved_method().sparse:
        # A fully connected network has no topology to measure.
        columns = tuple(c for c in columns if Quantity(c).plain in METRICS)
        followed, wanted = tuple(c for c in followed if c in METRICS), ()
    values: dict[str, Any] = final_values(run, columns, task.measure_options)
    curves = curve_values(run, followed, task.points, task.measure_options)
    pictures = draw_pictures(run, wanted)
    provenance = run.provenance
    # Of the whole data set: a part of it differs from seed to seed.
    whole = load_data(task.recipe).fingerprint
    values |= {
        "wall_s": provenance.get("duration_s"),
        "processor_s": provenance.get("processor_s"),
        "steps": provenance.get("steps"),
        "data_fingerprint": str(whole)[:16],
        "finished": str(provenance.get("finished", ""))[:10],
        "verified": "ok" if all(f.verdict == "ok" for f in findings) else "differs",
    }
    device = provenance.get("machine", {}).get("device", "cpu")
    return _Outcome(_environment(task) | values | {"device": device}, curves, pictures)


def _environment(task: Task) -> dict[str, Any]:
    from ..training.provenance import machine, versions

    known = versions()
    return {
        "data": task.data,
        "recipe": task.digest,
        "read": task.read,
        "verified": "ok",
        "netsci_dst": known.get("netsci-dst"),
        "torch": known.get("torch"),
        "cpu": machine("cpu")["processor"],
        "device": "cpu",
    }
