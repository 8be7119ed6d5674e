"""A run of 2,000 snapshots: does it slow down, does its memory grow?

A small network evolves at every other evaluation; a snapshot, the tables and a checkpoint are
written at each. Time per snapshot and resident memory are compared between beginning and end.

    python benchmarks/long_run.py [--snapshots 2000]
"""

from __future__ import annotations

import argparse
import ctypes
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import _report
import numpy as np
import pyarrow as pa

from netsci_dst import training
from netsci_dst.training.progress import Progress

STEPS_PER_SNAPSHOT = 2
PARTS = 10


def resident_mib() -> float:
    """Return the memory this process holds now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


class _Malloc(ctypes.Structure):
    _fields_: ClassVar = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def allocated_mib() -> float:
    """Return what is in use of malloc's memory and of Arrow's, in MiB: all but Python's objects."""
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = _Malloc
    found = mallinfo()
    return (found.uordblks + found.hblkhd + pa.total_allocated_bytes()) / 2**20


class Watch(Progress):
    """Notes the time and the memory at each evaluation."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self.processor: list[float] = []
        self.memory: list[float] = []
        self.allocated: list[float] = []
        self.objects: list[int] = []

    def evaluated(self, row: Mapping[str, Any]) -> None:
        self.at.append(time.perf_counter())
        self.processor.append(time.process_time())
        self.memory.append(resident_mib())
        self.allocated.append(allocated_mib())
        self.objects.append(sys.getallocatedblocks())
        if len(self.at) % 200 == 0:
            print(f"{len(self.at)} snapshots, {self.at[-1] - self.at[0]:.1f} s", flush=True)


def rows_of(watch: Watch) -> list[dict[str, Any]]:
    """Return the median time and the memory of each tenth of the run."""
    spent, busy = (np.diff(times) for times in (watch.at, watch.processor))
    size = len(spent) // PARTS
    rows = []
    for part in range(PARTS):
        here = slice(part * size, (part + 1) * size)
        rows.append(
            {
                "snapshots": f"{here.start + 1}-{here.stop}",
                "median_ms_per_snapshot": round(1e3 * float(np.median(spent[here])), 1),
                "processor_ms_per_snapshot": round(1e3 * float(busy[here].mean()), 2),
                "resident_mib_at_end": round(watch.memory[here.stop - 1], 1),
                "allocated_mib": round(float(np.median(watch.allocated[here])), 2),
                "python_blocks": int(np.median(watch.objects[here])),
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
    slower, busier = (
        last[key] / first[key] for key in ("median_ms_per_snapshot", "processor_ms_per_snapshot")
    )
    each = {
        key: (last[key] - first[key]) / (len(watch.at) * (1 - 1 / PARTS))
        for key in ("resident_mib_at_end", "allocated_mib", "python_blocks")
    }
    path = _report.write("long_run", {}, threads=1)
    data = json.loads(path.read_text())
    del data["results"]
    data |= {
        "title": f"A run of {taken:,} snapshots",
        "rows": rows,
        "note": f"The last tenth took {slower:.2f} times as long per snapshot as the first, and "
        f"{busier:.2f} times the processor time. Between them, each snapshot added "
        f"{1024 * each['allocated_mib']:.2f} KiB to what malloc and Arrow hold, "
        f"{each['python_blocks']:.1f} Python objects (its line in the index) and "
        f"{1024 * each['resident_mib_at_end']:.1f} KiB to the resident memory. "
        "An evaluation, a snapshot, both tables and a checkpoint are written each time.",
    }
    path.write_text(json.dumps(data, indent=2) + "\n")


if __name__ == "__main__":
    main()
