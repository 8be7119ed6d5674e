"""A run of 2,000 snapshots: does it slow down, does its memory grow?

A small network evolves at every other evaluation; a snapshot, the tables and a checkpoint are
written at each. Time per snapshot and resident memory are compared between beginning and end.

    python benchmarks/long_run.py [--snapshots 2000]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import _report

from netsci_dst import training
from netsci_dst.training.progress import Progress

STEPS_PER_SNAPSHOT = 2
PARTS = 10


def resident_mib() -> float:
    """Return the memory this process holds now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


class Watch(Progress):
    """Notes the time and the memory at each evaluation."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self.memory: list[float] = []

    def evaluated(self, row: Mapping[str, Any]) -> None:
        self.at.append(time.perf_counter())
        self.memory.append(resident_mib())
        if len(self.at) % 200 == 0:
            print(f"{len(self.at)} snapshots, {self.at[-1] - self.at[0]:.1f} s", flush=True)


def rows_of(watch: Watch) -> list[dict[str, Any]]:
    """Return the median time and the memory of each tenth of the run."""
    spent = [b - a for a, b in zip(watch.at, watch.at[1:])]
    size = len(spent) // PARTS
    rows = []
    for part in range(PARTS):
        here = slice(part * size, (part + 1) * size)
        rows.append(
            {
                "snapshots": f"{here.start + 1}-{here.stop}",
                "median_ms_per_snapshot": round(1e3 * statistics.median(spent[here]), 1),
                "resident_mib_at_end": round(watch.memory[here.stop - 1], 1),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--snapshots", type=int, default=2000)
    options = parser.parse_args()
    watch = Watch()
    with tempfile.TemporaryDirectory() as folder:
        run = training.train(
            out=Path(folder) / "run",
            progress=watch,
            data="digits",
            method="set",
            sparsity=0.8,
            model_options={"hidden": [16, 8]},
            steps=STEPS_PER_SNAPSHOT * options.snapshots,
            evaluate_steps=STEPS_PER_SNAPSHOT,
            update_steps=2 * STEPS_PER_SNAPSHOT,
            device="cpu",
        )
        taken = len(run.snapshots)
    rows = rows_of(watch)
    for row in rows:
        print(row)
    first, last = rows[0], rows[-1]
    slower = last["median_ms_per_snapshot"] / first["median_ms_per_snapshot"]
    growth = last["resident_mib_at_end"] - first["resident_mib_at_end"]
    path = _report.write("long_run", {}, threads=1)
    data = json.loads(path.read_text())
    del data["results"]
    data |= {
        "title": f"A run of {taken:,} snapshots",
        "rows": rows,
        "note": f"The last tenth took {slower:.2f} times as long per snapshot as the first; "
        f"memory grew by {growth:.1f} MiB from the end of the first tenth to the end of the last. "
        "An evaluation, a snapshot, both tables and a checkpoint are written each time.",
    }
    path.write_text(json.dumps(data, indent=2) + "\n")


if __name__ == "__main__":
    main()
