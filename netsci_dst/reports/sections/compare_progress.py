"""Which runs are still training, and how long they will."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from ..chart import Block, Table, Words
from ..comparison.model import Comparison
from ..numbers import duration, percent
from ..page_section import section
from ..run_data import RunData

_DONE = ("finished", "imported")


@section(
    "progress",
    page="comparison",
    title="Under way",
    after="first",
    lead="Figures of runs that are not finished will still change.",
    definition="Time left: the steps that remain at the rate since the run began.",
    computed_by="Run.provenance, Run.metrics",
)
def compare_progress(comparison: Comparison) -> Iterator[Block]:
    """Show the runs that are not finished, how far they are, and the time left."""
    open_runs = [run for run in comparison.runs if run.run.status not in _DONE]
    if not open_runs:
        return
    left = [t for t in (time_left(run) for run in open_runs) if t is not None]
    n = len(comparison.runs)
    text = f"{n - len(open_runs)} of {n} runs have finished"
    if left:
        text += f"; about {duration(max(left))} left for the slowest of those under way"
    yield Words(text + ".")
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
