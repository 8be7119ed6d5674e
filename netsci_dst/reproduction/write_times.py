"""Write ``recorded_times.csv``, by which dry runs tell how long an experiment takes.

``python -m netsci_dst.reproduction.write_times docs/results``, or ``make table``.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from ._results import RESULTS
from ._times import FILE, Place, Spent, lines_of, medians


def write_times(results: Path, to: Path) -> None:
    """Write the median times of the tables in ``results``, a folder for each experiment."""
    lines: list[tuple[Place, Spent]] = []
    for file in sorted(results.glob(f"*/{RESULTS}")):
        lines += lines_of(file.read_text(encoding="utf-8"), file.parent.name)
    with to.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(["experiment", "setting", "row", "quick", "processor_s", "steps"])
        for place, spent in sorted(medians(lines).items()):
            writer.writerow([*place, f"{spent.seconds:.4g}", f"{spent.steps:.0f}"])


if __name__ == "__main__":
    write_times(Path(sys.argv[1]), Path(__file__).with_name(FILE))
