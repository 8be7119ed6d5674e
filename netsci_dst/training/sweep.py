"""Many runs that differ in method, sparsity, seed or any other field: resumable, in parallel."""

from __future__ import annotations

import itertools
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import NetsciError, RecipeError, RunError, RunExists, RunLocked
from ..methods.merge import merged
from ..overrides import nested
from ..recipe import Recipe, full_name, load_recipe, recorded_recipe
from ..store import Store
from ..sweep_plan import write_plan
from ..workers import keep_worker

SETTLED = ("finished",)
# A training sets the random state and the number of threads of its whole process.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class SweepRun:
    """One run of a sweep: its folder, its recipe, and how it ended."""

    path: str
    recipe: Recipe
    status: str = "planned"
    reason: str = ""


def plan(
    recipe: Any,
    out: str | os.PathLike[str],
    vary: Mapping[str, Sequence[Any]],
) -> list[SweepRun]:
    """Return the runs of a sweep, every combination of what varies, in order.

    Parameters
    ----------
    recipe
        What they share; anything `load_recipe` takes.
    out
        Folder or URL under which each run gets a folder of its own, named after what varies.
    vary
        Field of the recipe -> its values, such as ``{"method": ["set", "chts"], "seed": [0, 1]}``.
        ``group.key`` varies an option, however deep; an option of the method may go without its
        group, as ``zeta``.

    Raises
    ------
    RecipeError
        If nothing varies, a field has no value, or two runs would share a folder.
    """
    if not vary or not all(len(values) for values in vary.values()):
        raise RecipeError("a sweep needs at least one field to vary, and a value for each")
    vary = {full_name(field): values for field, values in vary.items()}
    base = load_recipe(recipe)
    root = os.fspath(out).rstrip("/")
    runs = []
    for values in itertools.product(*vary.values()):
        changes: dict[str, Any] = {}
        for field, value in zip(vary, values, strict=True):
            changes = merged(changes, nested(field, value))
        parts = [f"{_short(f)}{_text(v)}" for f, v in zip(vary, values, strict=True)]
        runs.append(SweepRun(f"{root}/{'-'.join(parts)}", load_recipe(base, **changes)))
    if len({run.path for run in runs}) < len(runs):
        raise RecipeError("two runs of the sweep would share a folder: give each value once")
    return runs


def sweep(
    recipe: Any,
    out: str | os.PathLike[str],
    vary: Mapping[str, Sequence[Any]],
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> list[SweepRun]:
    """Train every run of a sweep that is not finished; go on with those that were stopped.

    Parameters
    ----------
    jobs
        Runs at a time, each in a process of its own with one thread.
    scheduler
        Address of a Dask scheduler (for Slurm, one that dask-jobqueue started) whose workers
        train instead; they must see ``out``.
    progress
        Called as ``progress(done, total, what)``.

    Returns
    -------
    list of SweepRun
        With the status of each: ``finished``, ``failed`` with the reason, or ``elsewhere`` where
        another process trains it: so many jobs can share a sweep. A failed run stops no other.
    """
    planned = plan(recipe, out, vary)
    write_plan(out, [run.path for run in planned], jobs)
    done: dict[int, SweepRun] = {}
    if progress:
        progress(0, len(planned), "")
    for place, ended in _compute(planned, jobs, scheduler):
        done[place] = ended
        if progress:
            progress(len(done), len(planned), f"{ended.path}: {ended.status}")
    return [done[place] for place in sorted(done)]


def _compute(
    runs: list[SweepRun], jobs: int, scheduler: str | None
) -> Iterator[tuple[int, SweepRun]]:
    if scheduler is not None:
        yield from _on_dask(runs, scheduler)
        return
    if jobs == 1:
        for place, run in enumerate(runs):
            yield place, train_one(run)
        return
    if jobs < 1:
        raise NetsciError(f"jobs must be at least 1, not {jobs}")
    from joblib import Parallel, delayed

    work = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    yield from work(delayed(_numbered)(place, run, 1) for place, run in enumerate(runs))


def _on_dask(runs: list[SweepRun], scheduler: str) -> Iterator[tuple[int, SweepRun]]:
    from ..errors import MissingDependency

    try:
        from distributed import Client, as_completed
    except ImportError:
        raise MissingDependency("dask", "cluster", "a sweep on a Dask cluster") from None
    with Client(scheduler, set_as_default=False) as client:
        tasks = [
            client.submit(_numbered, place, run, 1, pure=False) for place, run in enumerate(runs)
        ]
        for task in as_completed(tasks, loop=client.loop):
            yield task.result()


def _numbered(place: int, run: SweepRun, threads: int) -> tuple[int, SweepRun]:
    keep_worker()
    with _ONE_AT_A_TIME:
        return place, train_one(run, threads)


def status_of(run: SweepRun) -> str:
    """Return ``new`` for a planned run that is not there, else the status it goes on from."""
    if not Store(run.path).exists("provenance.json"):
        return "new"
    from ..run import load_run

    return load_run(run.path).status


def train_one(run: SweepRun, threads: int | None = None) -> SweepRun:
    """Train a planned run, go on with it if it was stopped, leave it if it is finished.

    Returns it with its status and, where it failed, the reason.
    """
    from . import resume, train

    store = Store(run.path)
    recipe = run.recipe
    if threads is not None and recipe.threads is None:
        recipe = recipe.but(threads=threads)
    try:
        if store.exists("provenance.json"):
            from ..run import load_run

            known = load_run(run.path)
            _same_request(known.recipe, run.recipe, run.path)
            if known.status not in SETTLED:
                resume(run.path)
        else:
            train(recipe, out=run.path)
    except RunExists:
        return train_one(run, threads)  # another process began it meanwhile
    except RunLocked:
        return SweepRun(run.path, run.recipe, "elsewhere", "another process is training it")
    except NetsciError as error:
        return SweepRun(run.path, run.recipe, "failed", str(error))
    return SweepRun(run.path, run.recipe, "finished")


def _same_request(known: Mapping[str, Any], asked: Recipe, path: str) -> None:
    wanted = asked.to_table()
    if "origin" not in known:
        # Settings younger than that run are at their defaults in it.
        known = recorded_recipe(known).to_table()
    # How a run is computed may differ; what is computed may not.
    free = {"threads", "backend", "device"}
    differ = sorted(key for key in {*known, *wanted} - free if known.get(key) != wanted.get(key))
    if differ:
        raise RunError(f"{path} holds a run with another {differ[0]}; choose another folder")


def _short(field: str) -> str:
    name = field.rpartition(".")[2]
    return {"method": "", "data": "", "model": "", "sparsity": "s", "seed": "seed"}.get(
        name, f"{name}_"
    )


def _text(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return re.sub(r"[^A-Za-z0-9.+_-]+", "_", text.rstrip("/").rsplit("/", 1)[-1])[:80]
