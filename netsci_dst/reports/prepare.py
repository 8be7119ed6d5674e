"""What a report computes by itself: what its first screen and its pictures need, and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .. import registry
from ..run import Run

# Deep measures of the first screen, on the last snapshot; fewer replicates than an analysis takes.
LAST: dict[str, dict[str, Any]] = {"power_law_test": {"bootstraps": 250}, "asi": {}}
# What costs most of what is drawn over time: on a few snapshots, fewer where there are many runs.
SPACED = ("modularity", "embedding")
FEW_RUNS, MOST_SPACED = 4, 5
# What only the page of one run shows, left out where there are many.
OF_ONE = ("growth", "degree_correlation", "never_wake")
GROWTH = {"bootstraps": 60, "nulls": 6, "most": 20}
LIMIT_S = 120.0

Progress = Callable[[str, int, int], None]


def prepare(runs: Iterable[Run], progress: Progress | None = None, jobs: int = 1) -> list[str]:
    """Compute what is not stored yet: every cheap measure, embeddings, the tests of the end.

    A deep measure that would take minutes is left to ``netsci-dst analyze``.

    Returns
    -------
    One line for each measure that failed.
    """
    failed = []
    runs = list(runs)
    spaced = MOST_SPACED if len(runs) <= FEW_RUNS else 2
    for run in runs:
        if not len(run.snapshots) or not run.snapshots[-1].topology.layers:
            continue
        for what in _plans(run, spaced):
            failed += _computed(run, what, progress, jobs)
    return failed


def _plans(run: Run, spaced: int) -> list[dict[str, Any]]:
    topology = run.snapshots[-1].topology
    if not topology.is_layered:
        # All that is told of a network, but what takes minutes; of one that grows, as it is last.
        return [{"limit_s": LIMIT_S, "steps": run.snapshots.steps[-1:]}]
    listed = registry.listing("measure")
    cheap = [e.name for e in listed if e.metadata.get("tier") == "cheap"]
    if spaced < MOST_SPACED:
        cheap = [name for name in cheap if name not in OF_ONE]
    plans: list[dict[str, Any]] = [
        {
            "measures": [name for name in cheap if name not in SPACED],
            "options": {"growth": GROWTH} if "growth" in cheap else {},
        }
    ]
    steps = run.snapshots.steps
    places = {round(i * (len(steps) - 1) / max(spaced - 1, 1)) for i in range(spaced)}
    through = [name for name in SPACED if _seconds(name, topology) < LIMIT_S]
    if through:
        plans.append({"measures": through, "steps": [steps[i] for i in sorted(places)]})
    last = [name for name in LAST if _seconds(name, topology) < LIMIT_S]
    if last:
        options = {name: LAST[name] for name in last if LAST[name]}
        plans.append({"measures": last, "steps": [run.snapshots.steps[-1]], "options": options})
    return plans


def _seconds(name: str, topology: Any) -> float:
    return float(registry.get("measure", name).target.seconds(topology))


def _computed(run: Run, what: dict[str, Any], progress: Progress | None, jobs: int) -> list[str]:
    from ..analysis import analyze

    def told(done: int, total: int, note: str) -> None:
        if progress is not None:
            progress(f"analysing {run.name}", done, total)

    frame = analyze(run, jobs=jobs, progress=told, **what)
    notes = frame.attrs.get("notes", [])
    return [
        f"{n['run']}: {n['measure']} failed: {n['reason']}"
        for n in notes
        if n["status"] == "failed"
    ]
