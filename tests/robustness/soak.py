"""Hours of training, analysis and reports in minutes, with everything going wrong at random.

Runs are trained in processes that are killed, told to stop, given full disks and clocks that jump,
while others read, analyse, verify and report the same folder and are killed, too. Each run must end
bit for bit as one that was never disturbed, nothing may be damaged or left over, and memory,
descriptors and temporary files of the process that looks on must stay flat.

``make soak``, or ``python tests/robustness/soak.py --minutes 5``; the result is in
``benchmarks/results/soak.json``.
"""

from __future__ import annotations

import argparse
import errno
import json
import multiprocessing
import multiprocessing.util
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import netsci_dst as nd
import netsci_dst.growing as growing
import netsci_dst.training as training
from netsci_dst.training import checkpoint
from netsci_dst.training.provenance import machine

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "soak.json"
SETTINGS = {
    "data": "digits",
    "sparsity": 0.9,
    "epochs": 24,
    "update_epochs": 0.5,
    "evaluate_steps": 10,
    "model_options": {"hidden": [32, 32]},
    "snapshot_keep": 6,
    "train_samples": 600,
    "device": "cpu",
}
METHODS = ("chts", "set", "rigl", "gmp")
FATAL = ("killed", "told to stop", "disk full")
FEWEST = 4  # stops of a run before it may come to its end undisturbed
# Ends of a training: done, stopped in one line, killed, or a signal before it was listened to.
SURVIVED = (0, 3, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGUSR1)
TRAINERS = (*FATAL, "clock jumps", "left alone")
READERS = ("analyse", "report", "verify", "read")
# From a server that has imported everything but started no thread: those do not survive a fork.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["netsci_dst.training.trainer", "netsci_dst.analysis.runner", "netsci_dst.reports.page"]
)


def train(path: Path, method: str, seed: int, how: str) -> None:
    """Begin a run or go on with it, in a process of its own."""
    growing.LIMIT = 3  # short runs fill and merge the tails of their tables, too
    warnings.simplefilter("ignore")
    rng = random.Random(os.urandom(8))
    if how == "disk full":
        after, count, flush = rng.randrange(2, 40), [0], os.fsync

        def full(descriptor: int) -> None:
            count[0] += 1
            if count[0] > after:
                raise OSError(errno.ENOSPC, "No space left on device")
            flush(descriptor)

        os.fsync = full
    if how == "clock jumps":
        offset, now = rng.choice([-(10**8), 10**8]), time.time
        time.time = lambda: now() + offset
    try:
        with nd.stopped_by():
            if (path / "recipe.toml").exists():
                training.resume(path)
            else:
                training.train(out=path, method=method, seed=seed, **SETTINGS)
    except (nd.errors.RunError, KeyboardInterrupt):
        os._exit(3)


def read(path: Path, what: str, out: Path) -> None:
    """Look at a run that is being written; a run that has not begun is no failure."""
    warnings.simplefilter("ignore")
    try:
        run = nd.load_run(path)
        if what == "analyse":
            nd.analyze(run, ["degrees", "k_shell", "assortativity"])
        elif what == "report":
            nd.report([run], out / f"{os.getpid() % 4}.html")
        elif what == "verify":
            damaged = [f.what for f in nd.verify(run, data=False) if f.verdict == "damaged"]
            # What is thinned out between two looks is missing, not damaged.
            if [what for what in damaged if "missing" not in what]:
                print("\n".join(damaged), file=sys.stderr)
                os._exit(7)
        else:
            _ = run.metrics, run.evolution, run.snapshots[-1:]
    except nd.errors.RunError:
        os._exit(3)


def facts(run: nd.Run) -> tuple[Any, ...]:
    """Return all that must not depend on what happened on the way."""
    metrics = run.metrics.drop(columns=["wall_s", "samples_per_s"]).to_csv()
    evolution = run.evolution.drop(columns=["wall_s"], errors="ignore").to_csv()
    tensors = checkpoint.load(run.store, checkpoint.LAST)[0]
    weights = {k: tensors[k].tolist() for k in sorted(tensors) if k.startswith("model")}
    ends = [(entry["step"], entry["sha256"]) for entry in run.snapshots.index]
    return metrics, evolution, ends, repr(weights)


def disturb(
    path: Path, method: str, seed: int, rng: random.Random, out: Path, took: float
) -> Counter[str]:
    """Train a run, which took so many seconds undisturbed, through one misfortune after another."""
    seen: Counter[str] = Counter()
    readers: list[Any] = []
    while not (path / "provenance.json").exists() or nd.load_run(path).status != "finished":
        # At first only what ends the process; then also what lets it come to its end.
        how = rng.choice(TRAINERS if stops(seen) >= FEWEST else FATAL)
        process = CONTEXT.Process(target=train, args=(path, method, seed, how))
        process.start()
        end = signal.SIGKILL if how == "killed" else rng.choice([signal.SIGTERM, signal.SIGUSR1])
        # From a thread: what starts readers may be late.
        timer = threading.Timer(took * rng.uniform(0.02, 0.3), signalled, (process, end))
        if how in ("killed", "told to stop"):
            timer.start()
        while process.is_alive():
            readers = [each for each in readers if each[1].is_alive() or not ended(each, seen)]
            begun = (path / "provenance.json").exists()
            if begun and len(readers) < 2 and rng.random() < 0.1:
                what = rng.choice(READERS)
                reader = CONTEXT.Process(target=read, args=(path, what, out))
                reader.start()
                readers.append((what, reader))
            elif readers and rng.random() < 0.01:
                readers.pop(0)[1].kill()
                seen["readers killed"] += 1
            process.join(0.05)
        timer.cancel()
        # A stop counts only where the process did not come to its end by itself.
        seen[how] += how not in FATAL or process.exitcode != 0
        if process.exitcode not in SURVIVED:
            raise SystemExit(f"{path}: a training ended with {process.exitcode} ({how})")
    for each in readers:
        each[1].join(120)
        ended(each, seen)
    return seen


def signalled(process: Any, number: int) -> None:
    """Send a signal to a process, if it is there yet."""
    if process.is_alive():
        os.kill(process.pid, number)


def stops(seen: Counter[str]) -> int:
    """Return how often a training was ended before its end."""
    return sum(seen[each] for each in FATAL)


def ended(reader: tuple[str, Any], seen: Counter[str]) -> bool:
    """Count a reader that has ended; stop the soak where it failed."""
    what, process = reader
    if process.exitcode not in (0, 3, -signal.SIGKILL):
        raise SystemExit(f"a reader ({what}) ended with {process.exitcode}")
    seen[f"{what}, while it was written"] += process.exitcode == 0
    return True


def held(folder: Path) -> dict[str, float]:
    """Return what the process that looks on holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "memory_MiB": round(pages * resource.getpagesize() / 2**20, 1),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "temporary_files": len(list(Path(tempfile.gettempdir()).glob("*"))),
        "leftovers": sum(1 for _ in folder.rglob(".*.tmp-*")),
    }


def soak(minutes: float, seed: int, folder: Path) -> dict[str, Any]:
    """Disturb runs for some minutes, compare each with one that was not, and say what happened."""
    growing.LIMIT = 3
    rng = random.Random(seed)
    out = folder / "reports"
    out.mkdir()
    # Temporary files of this soak alone, also those of its processes.
    multiprocessing.util.get_temp_dir()  # that of the processes outlives the soak's folder
    (folder / "tmp").mkdir()
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder / "tmp")
    whole, took = {}, {}
    for method in METHODS:
        begun = time.monotonic()
        run = training.train(out=folder / f"whole-{method}", method=method, seed=0, **SETTINGS)
        whole[method], took[method] = facts(run), min(20.0, time.monotonic() - begun)
    until = time.monotonic() + 60 * minutes
    seen: Counter[str] = Counter()
    marks, disturbed, n = [], [], 0
    while time.monotonic() < until or n < 3:
        method, path = METHODS[n % len(METHODS)], folder / f"run{n}"
        here = disturb(path, method, 0, rng, out, took[method])
        disturbed.append(stops(here))
        seen += here
        run = nd.load_run(path)
        assert facts(run) == whole[method], f"{path} is not the run that was never disturbed"
        nd.analyze(run, ["degrees", "k_shell", "assortativity"])
        nd.report([run], out / "last.html")
        with run.writing():
            pass
        damaged = [f.what for f in nd.verify(run, data=False) if f.verdict == "damaged"]
        assert not damaged, damaged
        marks.append(held(folder))
        shutil.rmtree(path)
        n += 1
        print(n, method, disturbed[-1], marks[-1], flush=True)
    assert not any(mark["leftovers"] for mark in marks[-1:]), marks[-1]
    third = max(1, len(marks) // 3)
    return {
        "minutes": round(minutes, 1),
        "seed": seed,
        "runs_equal_bit_for_bit": n,
        "stops_of_a_run": {
            "fewest": min(disturbed),
            "mean": round(sum(disturbed) / n, 1),
            "most": max(disturbed),
        },
        "what_happened": dict(sorted(seen.items())),
        "first_third": mean(marks[:third]),
        "last_third": mean(marks[-third:]),
        "machine": machine("cpu"),
    }


def flat(first: dict[str, float], last: dict[str, float]) -> None:
    """Fail where what is held grew: by a twentieth of the memory, or by one file or descriptor."""
    grown = [k for k in first if last[k] > first[k] + (0.05 * first[k] if "MiB" in k else 1)]
    if grown:
        raise SystemExit(f"grew from the first third to the last: {', '.join(grown)}")


def mean(marks: list[dict[str, float]]) -> dict[str, float]:
    """Return the mean of each figure."""
    return {key: round(sum(mark[key] for mark in marks) / len(marks), 1) for key in marks[0]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    place = Path(tempfile.mkdtemp())  # kept to look at where something went wrong
    result = soak(chosen.minutes, chosen.seed, place)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    flat(result["first_third"], result["last_third"])
    shutil.rmtree(place)
