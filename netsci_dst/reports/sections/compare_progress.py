"""Which runs are still training, and how long they will."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from ...run_library import is_run
from ...sweep_plan import SweepPlan, plan_beside
from ..chart import Block, Table, Words
from ..comparison.model import Comparison
from ..numbers import duration, percent
from ..page_section import section
from ..run_data import RunData


@section(
    "progress",
    page="comparison",
    title="Under way",
    after="first",
    lead="Figures of runs that are not finished will still change.",
    definition="Time left: the steps that remain at the rate since the run began; runs of a sweep "
    "that have not begun are taken to last as long as the others on average, shared out over those "
    "that train at once.",
    computed_by="Run.provenance, Run.metrics",
)
def compare_progress(comparison: Comparison) -> Iterator[Block]:
    """Show the runs that are not finished, how far they are, and the time left."""
    open_runs = [run for run in comparison.runs if not run.finished]
    waiting = not_begun(comparison.runs)
    if not open_runs and not waiting:
        return
    left = [t for t in (time_left(run) for run in open_runs) if t is not None]
    n = len(comparison.runs)
    text = f"{n - len(open_runs)} of {n} runs have finished"
    if left:
        text += f"; about {duration(max(left))} left for the slowest of those under way"
    if waiting:
        text += f"; {waiting} of the sweep {'has' if waiting == 1 else 'have'} not begun"
        whole = sweep_left(comparison.runs)
        if whole is not None:
            text += f", about {duration(whole)} left for all"
    yield Words(text + ".")
    if not open_runs:
        return
    rows = []
    for run in open_runs:
        share, rest = share_done(run), time_left(run)
        rows.append(
            [
                run.name,
                run.method,
                run.run.status,
                "–" if share is None else percent(share, 0),
                "–" if rest is None else duration(rest),
            ]
        )
    yield Table("progress", "Runs under way", ["run", "method", "status", "done", "left"], rows)


def not_begun(runs: Sequence[RunData]) -> int:
    """Return how many runs of the sweeps that these belong to are not there yet."""
    return sum(len(waiting) for _, waiting in _sweeps(runs))


def sweep_left(runs: Sequence[RunData]) -> float | None:
    """Return the seconds until all runs of the sweeps are done; None where none tells its time."""
    known = [t for t in (whole_time(run) for run in runs) if t is not None]
    if not known:
        return None
    usual, under_way = sum(known) / len(known), [time_left(run) or 0.0 for run in runs]
    total = 0.0
    for plan, waiting in _sweeps(runs):
        jobs = min(plan.jobs, len(plan.runs))
        total += usual * len(waiting) / jobs
    return total + sum(under_way) / max(1, sum(t > 0 for t in under_way))


def whole_time(run: RunData) -> float | None:
    """Return how long a run took, or will."""
    if run.finished:
        took = run.provenance.get("duration_s")
        return float(took) if isinstance(took, (int, float)) else None
    share, left = share_done(run), time_left(run)
    return None if not share or left is None or share == 1 else left / (1 - share)


def _sweeps(runs: Sequence[RunData]) -> list[tuple[SweepPlan, set[str]]]:
    """Return the sweeps that runs belong to, each with those of its runs that are not there yet."""
    found: dict[str, tuple[SweepPlan, set[str]]] = {}
    for folder in dict.fromkeys(run.run.path.rstrip("/").rpartition("/")[0] for run in runs):
        path = next(r.run.path for r in runs if r.run.path.rstrip("/").rpartition("/")[0] == folder)
        plan = plan_beside(path)
        if plan is not None:
            waiting = {name for name in plan.runs if not is_run(f"{folder}/{name}")}
            shown = {r.run.path.rstrip("/").rpartition("/")[2] for r in runs}
            found[folder] = plan, waiting - shown
    return list(found.values())


def share_done(run: RunData) -> float | None:
    """Return the share of its steps that a run has taken; None where it is not known."""
    total = run.provenance.get("total_steps")
    steps = [float(f["step"].max()) for f in (run.metrics, run.evolution) if "step" in f and len(f)]
    if not isinstance(total, (int, float)) or not total:
        return None
    return min(max(steps, default=0.0) / float(total), 1.0)


def time_left(run: RunData) -> float | None:
    """Return the seconds left at the rate so far, for a run that is running."""
    share = share_done(run)
    if run.run.status != "running" or not share:
        return None
    frame = run.metrics
    spent = float(frame["wall_s"].max()) if "wall_s" in frame and len(frame) else None
    if spent is None or spent != spent:
        begun = run.provenance.get("started")
        try:
            spent = (datetime.now(UTC) - datetime.fromisoformat(str(begun))).total_seconds()
        except (TypeError, ValueError):
            return None
    return spent * (1 - share) / share
