"""Where units of work are computed: in this process, in others, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..errors import MissingDependency, NetsciError
from .result_store import Outcome
from .work import Unit, split, work


def compute(
    units: Sequence[Unit], jobs: int, scheduler: str | None
) -> Iterator[tuple[Unit, list[Outcome]]]:
    """Yield each unit with its outcomes as soon as they are there, in any order."""
    if scheduler is not None:
        yield from _on_dask(units, scheduler)
    elif jobs == 1:
        for unit in units:
            # One measure at a time, so that each is stored as soon as it is done.
            yield from map(work, _one_by_one(unit))
    else:
        yield from _in_processes(split(units, jobs), jobs)


def _one_by_one(unit: Unit) -> Iterator[Unit]:
    try:
        subject = unit.read()
    except Exception:
        yield unit  # it is read again, and the error noted, where the work is done
        return
    for task in unit.tasks:
        yield replace(unit, tasks=(task,), given=subject)


def _in_processes(units: Sequence[Unit], jobs: int) -> Iterator[tuple[Unit, list[Outcome]]]:
    from joblib import Parallel, delayed, parallel_config
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    with parallel_config(backend="loky", inner_max_num_threads=1):
        parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs")
        try:
            yield from parallel(delayed(work)(unit) for unit in units)
        except TerminatedWorkerError as error:
            raise NetsciError(
                "a process of the analysis was killed, most likely for lack of memory; what was "
                "done is kept: run it again with fewer jobs"
            ) from error


def _on_dask(units: Sequence[Unit], scheduler: str) -> Iterator[tuple[Unit, list[Outcome]]]:
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise MissingDependency("distributed", "cluster", "analysis on a cluster") from None
    try:
        client = Client(scheduler, timeout="20s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise NetsciError(f"no Dask scheduler answers at {scheduler!r}: {error}") from error
    with client:
        cores: dict[str, int] = client.ncores()  # type: ignore[assignment]
        pieces = split(units, max(1, sum(cores.values())))
        futures = [client.submit(work, unit, pure=False) for unit in pieces]
        for _, result in as_completed(futures, loop=client.loop, with_results=True):
            yield result
