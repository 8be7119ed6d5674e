"""Every measure on one snapshot of the MNIST recipe, and the default tiers on a run of many.

    python benchmarks/analysis_tiers.py [snapshots]

Targets on two cores: the cheap tier of one snapshot in at most 2 s, cheap and deep together in at
most 90 s, a run of 250 snapshots in at most 20 minutes, and unchanged snapshots in no time.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import time

import numpy as np
from _report import write
from large_topology import random_layer

from netsci_dst import registry
from netsci_dst.analysis import analyze
from netsci_dst.run import Run
from netsci_dst.snapshots import Snapshot
from netsci_dst.topology import Dense, Layer, Population, Topology

SIZES = (784, 1568, 1568, 1568)
LINKS = 74_000


def mnist_recipe(links: int = LINKS, sizes: tuple[int, ...] = SIZES, seed: int = 0) -> Topology:
    """Return an MLP whose sparse layers have hubs, with a dense output layer."""
    rng = np.random.default_rng(seed)
    names = ["input", *(f"hidden{i}" for i in range(1, len(sizes)))]
    side = int(np.sqrt(sizes[0]))
    populations = [
        Population(name, size, "hidden" if i else "input", shape=None if i else (side, side))
        for i, (name, size) in enumerate(zip(names, sizes))
    ]
    possible = sum(a * b for a, b in itertools.pairwise(sizes))
    layers = []
    for i, shape in enumerate(itertools.pairwise(sizes)):
        count = round(links * shape[0] * shape[1] / possible)
        layers.append(random_layer(f"fc{i + 1}", names[i], names[i + 1], shape, count, rng))
    head = Dense("out", names[-1], "logits")
    return Topology((*populations, Population("logits", 10, "output")), tuple(layers), (head,))


def activity(topology: Topology, seed: int = 0) -> dict[str, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return {
        p.name: {
            "mean_abs": rng.exponential(size=p.size).astype(np.float32),
            "positive": rng.random(p.size).astype(np.float32),
        }
        for p in topology.populations
    }


def one_snapshot() -> dict[str, object]:
    tiny = mnist_recipe(3000, (64, 90, 90, 90))
    small = Snapshot(tiny, 0, 0.0, activity(tiny))
    found: dict[str, dict[str, float]] = {"cheap": {}, "deep": {}}
    measures = [entry.target for entry in registry.entries("measure")]
    measures = [m for m in measures if m.takes == "snapshot"]
    for chosen in measures:  # compiled before anything is timed
        compute(chosen, small)
    for chosen in measures:
        times = []
        for _ in range(3 if chosen.tier == "cheap" else 1):
            topology = mnist_recipe()  # a new one each time: nothing kept from the last
            snapshot = Snapshot(topology, 0, 0.0, activity(topology))
            times.append(compute(chosen, snapshot))
        found[chosen.tier][chosen.name] = round(float(np.median(times)), 3)
    for tier, times in found.items():
        print(f"{tier}: {sum(times.values()):.2f} s")
        for name, seconds in sorted(times.items(), key=lambda item: -item[1]):
            print(f"   {name:24} {seconds:8.3f} s", flush=True)
    totals = {tier: round(sum(times.values()), 2) for tier, times in found.items()}
    return {"seconds": found, "cheap_s": totals["cheap"], "both_s": sum(totals.values())}


def compute(chosen, snapshot) -> float:
    start = time.perf_counter()
    try:
        list(chosen.function(snapshot, **chosen.resolve()))
    except Exception as error:
        print(f"   {chosen.name}: {type(error).__name__}: {error}")
    return time.perf_counter() - start


def rewire(layer: Layer, rng: np.random.Generator, fraction: float = 0.3) -> Layer:
    keys = rng.permutation(layer.keys)
    kept = keys[round(fraction * keys.size) :]
    while kept.size < keys.size:
        more = rng.integers(0, layer.n_possible, keys.size - kept.size)
        kept = np.unique(np.concatenate([kept, more]))
    ends = np.divmod(kept, layer.shape[1])
    return Layer.from_links(layer.name, layer.source, layer.target, layer.shape, *ends)


def whole_run(count: int, jobs: int = 2) -> dict[str, object]:
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(f"{folder}/run", {"method": "synthetic"})
        topology = mnist_recipe()
        for step in range(count):
            run.write_snapshot(Snapshot(topology, step, float(step), activity(topology, step)))
            topology = topology.replace_layers(rewire(layer, rng) for layer in topology.layers)
        start = time.perf_counter()
        frame = analyze(run, jobs=jobs)
        seconds = time.perf_counter() - start
        start = time.perf_counter()
        analyze(run, jobs=jobs)
        again = time.perf_counter() - start
    print(f"run of {count} snapshots, {jobs} jobs: {seconds:.0f} s, {len(frame)} values")
    print(f"the same again: {again:.2f} s")
    failed = sorted({n["measure"] for n in frame.attrs["notes"] if n["status"] == "failed"})
    return {
        "snapshots": count,
        "jobs": jobs,
        "seconds": round(seconds, 1),
        "unchanged_s": round(again, 2),
        "values": len(frame),
        "failed": failed,
    }


def main(count: int = 250) -> None:
    results: dict[str, object] = {"one_snapshot": one_snapshot()}
    if count:
        results["run"] = whole_run(count)
    results["targets"] = {"cheap_s": 2, "both_s": 90, "run_s": 1200}
    write("analysis_tiers", results)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
