"""Measures over many runs and snapshots, computed once, in parallel, and kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import NetsciError, RunError
from ..run import Run
from ..snapshots import Snapshot
from ..topology import Topology
from .plan import choose, missing, plan_run, plan_snapshot
from .result_store import FINAL, NOT_APPLICABLE, MemoryResults, ResultStore, task_key
from .schedule import compute
from .tables import NOTE, tidy
from .work import Task

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["analyze"]


def analyze(
    runs: Any,
    measures: str | Iterable[str] | None = None,
    steps: str | Sequence[int] | None = None,
    jobs: int = 1,
    *,
    tier: str | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    scheduler: str | None = None,
    progress: Callable[[int, int, str], None] | None = None,
    limit_s: float = 300.0,
) -> pd.DataFrame:
    """Compute measures of runs, keep them in the runs' folders, and return them as a table.

    What is there already is read, not computed. Results are written as they arrive: an analysis
    that is stopped goes on where it was. A measure that fails is noted with its reason and stops
    nothing else.

    Parameters
    ----------
    runs
        A run, its path or URL, a network (igraph, networkx, scipy sparse, a topology, a snapshot,
        or the path of an edge list or GraphML file), or a list of these. Results for networks are
        returned and not stored.
    measures
        Names of measures (``netsci-dst list measures``); all by default. One asked for by name is
        computed whatever it costs.
    steps
        By default cheap measures take every snapshot, deep ones the first, the last and those in
        between at powers of two; ``"all"`` or a list of steps is taken as it is, for both.
    jobs
        Number of processes; -1 for one per core.
    tier
        ``"cheap"`` or ``"deep"`` to compute only these.
    options
        Options by measure, such as ``{"power_law": {"bootstraps": 500}}``.
    scheduler
        Address of a Dask scheduler, whose workers then do the work; they must see the runs' paths.
    progress
        Called as ``progress(done, total, what)`` with numbers of results still to be computed.
    limit_s
        A measure whose estimated time for a snapshot exceeds this many seconds is skipped with a
        note, unless asked for by name.

    Returns
    -------
    pandas.DataFrame
        A row per value: run, step, epoch, scope, measure, quantity, value, text. The list
        ``frame.attrs["notes"]`` says of each result that is not there why.

    Raises
    ------
    NetsciError
        If a measure, an option or a step is unknown, or a run cannot be read or written.

    Examples
    --------
    >>> import networkx as nx
    >>> from netsci_dst.analysis import analyze
    >>> frame = analyze(nx.karate_club_graph(), "modularity")
    >>> frame.query("quantity == 'modularity'")["value"].round(4).tolist()
    [0.4198]
    """
    subjects = [_subject(item) for item in _as_list(runs)]
    labels = _labels(subjects)
    tasks = choose(measures, tier, options)
    workers = _workers(jobs)
    ship = scheduler is not None or workers > 1
    stores = [
        ResultStore(s.store).load() if isinstance(s, Run) else MemoryResults() for s in subjects
    ]
    units = []
    for place, subject in enumerate(subjects):
        if isinstance(subject, Run):
            units += plan_run(place, subject, tasks, steps, limit_s, ship)
        else:
            units += plan_snapshot(place, subject, tasks, limit_s)
    for store in stores:
        store.clean()
    todo = [unit for unit in (missing(u, stores[u.run]) for u in units) if unit.tasks]
    done, total = 0, sum(len(unit.tasks) for unit in todo)
    if progress:
        progress(done, total, "")
    try:
        for unit, outcomes in compute(todo, workers, scheduler):
            for outcome in outcomes:
                stores[unit.run].put(outcome)
                done += 1
                if progress:
                    progress(done, total, f"{labels[unit.run]}: {outcome.measure.name}")
    finally:
        for store in {unit.run: stores[unit.run] for unit in todo}.values():
            store.flush()
    for place in {unit.run for unit in todo}:
        stores[place].compact()
    return _frame(subjects, labels, stores, units, tasks)


def _frame(
    subjects: list[Run | Snapshot],
    labels: list[str],
    stores: list[ResultStore],
    units: list[Any],
    tasks: Sequence[Task],
) -> pd.DataFrame:
    import pandas as pd

    frames, notes = [], []
    for place, subject in enumerate(subjects):
        keys = [
            task_key(unit.source, task.measure, task.options)
            for unit in units
            if unit.run == place
            for task in unit.tasks
        ]
        known = stores[place].notes
        # A snapshot that was thinned out meanwhile has no result, and is no failure.
        selected = {key: known[key] for key in keys if key in known}
        frames.append(tidy(labels[place], subject, selected, stores[place].frame()))
        notes += [
            {"run": labels[place], **{name: note[name] for name in NOTE}}
            for note in selected.values()
            if note["status"] not in FINAL[:1]
        ]
    frame = pd.concat(frames, ignore_index=True) if frames else tidy("", None, {}, None)
    frame.attrs["notes"] = notes + _of_runs_alone(subjects, labels, tasks)
    return frame


def _of_runs_alone(
    subjects: list[Run | Snapshot], labels: list[str], tasks: Sequence[Task]
) -> list[dict[str, Any]]:
    """Return a note for each measure of a run that was asked for by name of a single network."""
    reason = "it follows a network through time, and this is one network; a time-stamped list of "
    reason += "links becomes a run by netsci-dst import --states"
    return [
        {"run": label, **dict.fromkeys(NOTE), "measure": task.measure.name,
         "status": NOT_APPLICABLE, "reason": reason}
        for label, subject in zip(labels, subjects, strict=True)
        if not isinstance(subject, Run)
        for task in tasks
        if task.by_name and task.measure.takes == "run"
    ]  # fmt: skip


def _as_list(runs: Any) -> list[Any]:
    if isinstance(runs, (list, tuple, set, frozenset)) or (
        hasattr(runs, "__next__") and not hasattr(runs, "adj")
    ):
        return list(runs)
    return [runs]


def _subject(item: Any) -> Run | Snapshot:
    if isinstance(item, (Run, Snapshot)):
        return item
    if isinstance(item, Topology):
        return Snapshot(item)
    if isinstance(item, (str, os.PathLike)):
        from ..exchange.networks import names_a_file, read_snapshot

        if names_a_file(item):
            return read_snapshot(item)
        return Run.open(item)
    from ..exchange.networks import read_snapshot

    return read_snapshot(item)


def _name(subject: Run | Snapshot) -> str:
    if isinstance(subject, Run):
        return subject.name
    return str(subject.extra.get("name", "network"))


def _labels(subjects: Sequence[Run | Snapshot]) -> list[str]:
    names = [_name(subject) for subject in subjects]
    labels = []
    for place, (subject, name) in enumerate(zip(subjects, names, strict=True)):
        if names.count(name) == 1:
            labels.append(name)
        elif isinstance(subject, Run):
            labels.append(subject.path)
        else:
            labels.append(f"{name} {1 + names[:place].count(name)}")
    if len(set(labels)) < len(labels):
        raise RunError("the same run is given twice")
    return labels


def _workers(jobs: int) -> int:
    if isinstance(jobs, bool) or int(jobs) != jobs or jobs == 0 or jobs < -1:
        raise NetsciError(f"jobs must be at least 1, or -1 for one per core, not {jobs!r}")
    if jobs > 0:
        return int(jobs)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
