"""Accuracy against processor seconds (and joules, where counters can be read), one thread.

The recipe of CHTss table 7 (784-1568x3-10, 99 %, batch 32), with fewer epochs than its 100: a short
schedule comes to an accuracy sooner. What an epoch costs (training, evaluation, updates, what is
written) is measured at each evaluation. A call goes on where the last one stopped: finished
trainings are skipped unless ``--again``. `docs/time_to_accuracy.md` is drawn from the results.

    python benchmarks/time_to_accuracy.py --mnist FOLDER --fashion FOLDER [--only NAME] [--list]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import _report
import torch

from netsci_dst.training import train
from netsci_dst.training.progress import Progress

# Dense epochs cost twenty times as much.
METHODS = {"chts": 12, "srigl": 12, "rigl": 12, "set": 12, "chtss": 12, "dense": 5}
COUNTERS = Path("/sys/class/powercap")


def joules() -> float | None:
    """Return what the processors' energy counters show; None where they cannot be read."""
    try:
        files = [*COUNTERS.glob("intel-rapl:[0-9]/energy_uj")]
        return sum(int(file.read_text()) for file in files) / 1e6 if files else None
    except OSError:
        return None


class Clock(Progress):
    """Notes processor seconds and joules at each evaluation."""

    def __init__(self) -> None:
        self.points: list[dict[str, float]] = []

    def started(self, run: Any, step: int, total_steps: int, steps_per_epoch: int) -> None:
        """Start the clock."""
        self._start, self._energy = time.process_time(), joules()

    def evaluated(self, row: Mapping[str, Any]) -> None:
        """Note a point of the curve."""
        point = {
            "epoch": round(float(row["epoch"]), 3),
            "processor_s": round(time.process_time() - self._start, 2),
            "accuracy": round(float(row["accuracy"]), 4),
        }
        now = joules()
        if now is not None and self._energy is not None:
            point["joules"] = round(now - self._energy, 1)
        self.points.append(point)
        print(point, flush=True)


def measure(source: str, method: str, epochs: int) -> list[dict[str, float]]:
    """Train once, and return the curve."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as place:
        train(
            "chtss/mnist-mlp", data=source, method=method, epochs=epochs, threads=1, seed=0,
            out=f"{place}/run", progress=clock,
        )  # fmt: skip
    return clock.points


def known() -> dict[str, Any]:
    """Return the finished trainings of this machine."""
    file = _report.RESULTS / "time_to_accuracy.json"
    if not file.exists():
        return {}
    found = json.loads(file.read_text())
    return found["results"] if found["machine"] == {**_report.machine(), "threads": 1} else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--mnist", help="MNIST: a folder")
    parser.add_argument("--fashion", help="Fashion-MNIST: a folder")
    parser.add_argument("--only", default="", help="trainings whose name contains this")
    parser.add_argument("--list", action="store_true", help="name what is not finished")
    parser.add_argument("--again", action="store_true", help="train finished ones anew")
    options = parser.parse_args()
    torch.set_num_threads(1)
    sources = {"mnist": options.mnist, "fashion_mnist": options.fashion}
    for method, epochs in METHODS.items():
        for name, source in sources.items():
            case = f"{name}, {method}, {epochs} epochs"
            if options.only not in case or (case in known() and not options.again):
                continue
            print(case, flush=True)
            if source and not options.list:
                found = measure(source, method, epochs)
                results = {**known(), case: found}
                _report.write("time_to_accuracy", results, threads=1)


if __name__ == "__main__":
    main()
