"""How cost grows with links, width, depth, batch and snapshots, on one thread.

Seconds are processor time, medians of repeats, so that a busy machine disturbs them little; memory
is how far a step or an update raises the largest resident size (of Linux), in a process that gives
memory back at once. Each curve is fitted by a power law: least squares of the logarithms, the
standard error of the slope, and the slope between the last two points, which says whether the
curve still bends.

    python benchmarks/scaling.py
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import _report
import numpy as np
import torch
from analysis_tiers import activity, mnist_recipe, rewire
from torch import nn

import netsci_dst as nd
from netsci_dst.reports import report
from netsci_dst.run import Run
from netsci_dst.snapshots import Snapshot
from netsci_dst.training.models.mlp import mlp

BATCH, PER_NEURON = 32, 20
# curve: how a network is made from the x of a point (width, sparse layers, density), and the x.
CURVES: dict[str, tuple[Callable[[int | float], tuple[int, int, float]], list[int | float]]] = {
    "links, by density at width 1,024": (
        lambda density: (1024, 3, density),
        [0.005, 0.01, 0.02, 0.05, 0.1, 0.2],
    ),
    "links, by width at 20 per neuron": (
        lambda width: (int(width), 3, PER_NEURON / width),
        [512, 1024, 2048, 4096, 8192, 16384, 32768, 65536],
    ),
    "sparse layers of 512 at 20 per neuron": (
        lambda depth: (512, int(depth), PER_NEURON / 512),
        [2, 4, 8, 16, 32],
    ),
}
METHODS = {"set": "SET", "chts": "CHTs, CH2-L3n", "chts-l3p": "CHTs, CH3-L3p"}
# An update by a link predictor goes over paths and over absent links: no further than this many.
PREDICTOR_PATHS, PREDICTOR_PAIRS = 5e9, 6e7
BATCHES = [8, 16, 32, 64, 128, 256, 512]
SNAPSHOTS = [10, 30, 100, 300]


def network(
    method: str, width: int, depth: int, density: float
) -> tuple[nd.training.SparseTraining, torch.optim.Optimizer]:
    """Return an MLP of equal layers, all sparse but the last, in training by a method."""
    generator = torch.Generator().manual_seed(0)
    model = mlp((width,), 10, hidden=[width] * depth, layers="csr", generator=generator)
    options: dict[str, Any] = {} if method == "set" else {"initialiser": "brf"}
    training = nd.sparsify(
        model,
        method=method,
        sparsity=1 - density,
        total_steps=10**6,
        update_every=100,
        backend="csr",
        **options,
    )
    optimizer = torch.optim.SGD(
        model.parameters(), lr=1e-4, momentum=0.9, weight_decay=5e-4, fused=True
    )
    training.attach(optimizer)
    return training, optimizer


def links_of(training: nd.training.SparseTraining) -> int:
    return sum(layer.parameter.n_links for layer in training.controller.engine.layers)


def stepper(training: Any, optimizer: Any, batch: int) -> Callable[[], None]:
    """Return one training step: forward, cross-entropy, backward, optimizer."""
    width = training.controller.engine.layers[0].parameter.n_source
    x, y = torch.randn(batch, width), torch.randint(0, 10, (batch,))

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(training.model(x), y).backward()
        optimizer.step()
        training._pending = 0

    return step


def seconds(work: Callable[[], Any], at_least: float = 0.3, repeats: int = 3) -> float:
    """Return the median processor time of some work, after one call that warms up."""
    work()
    times: list[float] = []
    while len(times) < repeats or sum(times) < at_least:
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return statistics.median(times)


def cases() -> Iterator[tuple[str, str, float, tuple[int, int, float]]]:
    """Yield curve, method, x and network of every point that is not too long to measure."""
    for (curve, (shape, xs)), method in itertools.product(CURVES.items(), METHODS):
        for x in xs:
            width, depth, density = shape(x)
            paths, pairs = depth * width * (density * width) ** 3, depth * width**2
            if method == "set" or (paths <= PREDICTOR_PATHS and pairs <= PREDICTOR_PAIRS):
                yield curve, method, float(x), (width, depth, density)


def peak_mib() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    (found,) = (line for line in lines if line.startswith("VmHWM"))
    return int(found.split()[1]) / 1024


def memory_of(work: Callable[[], Any]) -> float:
    """Return how far some work raises the resident size above what it is before."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = peak_mib()
    kept = work()
    del kept
    return round(peak_mib() - before, 2)


def measure_memory() -> dict[str, list[float]]:
    """Return per point the memory of a network with one step taken, and of one update more."""
    found = {}
    for curve, method, x, shape in cases():
        small = network(method, 64, 2, 0.2)
        stepper(*small, BATCH)()
        small[0].controller.engine.update(100)  # compiled before anything is measured
        held: list[Any] = []

        def begin(held: list[Any] = held, method: str = method, shape: Any = shape) -> None:
            held.append(network(method, *shape))
            training, optimizer = held[0]
            stepper(training, optimizer, BATCH)()

        step = memory_of(begin) if method == "set" else begin()
        update = memory_of(lambda held=held: held[0][0].controller.engine.update(100))
        found[f"{curve}/{method}/{x}"] = [step, update]
    return found


def networks() -> list[dict[str, Any]]:
    """Measure steps and updates along the curves."""
    command = [sys.executable, __file__, "--memory"]
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0"}
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    memory = json.loads(printed.stdout.splitlines()[-1])
    points = []
    for curve, method, x, shape in cases():
        training, optimizer = network(method, *shape)
        step = stepper(training, optimizer, BATCH)
        step_mib, update_mib = memory[f"{curve}/{method}/{x}"]
        point = {"curve": curve, "links": links_of(training), "layers": shape[1]}
        if method == "set":
            points.append({**point, "what": "step", "s": seconds(step), "mib": step_mib})
        else:
            step()
        engine = training.controller.engine
        spent = seconds(lambda engine=engine: engine.update(100))
        points.append(
            {**point, "what": f"update, {METHODS[method]}", "s": spent, "mib": update_mib}
        )
        print(points[-1], flush=True)
    return points


def batches() -> list[dict[str, Any]]:
    training, optimizer = network("set", 1024, 3, 0.02)
    return [
        {
            "curve": "batch, 62,916 links",
            "batch": batch,
            "what": "step",
            "s": seconds(stepper(training, optimizer, batch)),
        }
        for batch in BATCHES
    ]


def snapshots_by_links() -> list[dict[str, Any]]:
    """Measure writing, reading and the cheap measures of one snapshot by its links."""
    points = []
    nd.analyze(mnist_recipe(3000, (64, 90, 90, 90)), tier="cheap")  # compiled
    for links in (10_000, 30_000, 100_000, 300_000, 1_000_000):
        topology = mnist_recipe(links, seed=1)
        rng = np.random.default_rng(0)
        topology = topology.replace_layers(
            nd.Layer.from_links(
                *(layer.name, layer.source, layer.target, layer.shape),
                *(layer.sources, layer.targets, rng.normal(size=layer.n_links).astype(np.float32)),
            )
            for layer in topology.layers
        )
        snapshot = Snapshot(topology, 1, 1.0, activity(topology))
        with tempfile.TemporaryDirectory() as folder:
            run = Run.create(f"{folder}/run", {"method": "synthetic"})
            write = seconds(lambda run=run, snapshot=snapshot: run.write_snapshot(snapshot))
            read = seconds(lambda run=run: nd.load_run(run.path).snapshots[-1])
            size = run.snapshots.index[-1]["bytes"]
        point = {"curve": "links, by density at 784-1568x3", "links": topology.n_links}
        analysed = mnist_recipe(links, seed=2)  # another one: nothing kept from the last
        begun = time.process_time()
        nd.analyze(analysed, tier="cheap")
        cheap = time.process_time() - begun
        points += [
            {**point, "what": "write a snapshot", "s": write, "bytes_per_link": size / links},
            {**point, "what": "read a snapshot", "s": read},
            {**point, "what": "cheap measures of a snapshot", "s": cheap},
        ]
        print(points[-3:], flush=True)
    return points


def runs() -> list[dict[str, Any]]:
    """Measure recording, analysing and reporting a run by the number of its snapshots."""
    points = []
    for count in SNAPSHOTS:
        rng = np.random.default_rng(1)
        with tempfile.TemporaryDirectory() as folder:
            run = Run.create(f"{folder}/run", {"method": "synthetic"})
            topology, spent = mnist_recipe(8000, (196, 300, 300, 300)), 0.0
            for step in range(count):
                snapshot = Snapshot(topology, step, float(step), activity(topology, step))
                begun = time.process_time()
                run.write_snapshot(snapshot)
                spent += time.process_time() - begun
                topology = topology.replace_layers(rewire(e, rng, 0.1) for e in topology.layers)
            begun = time.process_time()
            nd.analyze(run, measures=["degrees", "k_shell", "active_neurons"])
            analysed = time.process_time() - begun
            begun = time.process_time()
            page = report(run, f"{folder}/report.html", analyze=False)
            made = time.process_time() - begun
            size = page.stat().st_size / 1e6
        point = {"curve": "snapshots of 1,106 neurons and 8,000 links", "snapshots": count}
        points += [
            {**point, "what": "write all snapshots", "s": spent},
            {**point, "what": "three cheap measures of all", "s": analysed},
            {**point, "what": "report", "s": made, "MB": size},
        ]
        print(points[-3:], flush=True)
    return points


def power_law(x: list[float], y: list[float]) -> dict[str, float]:
    """Fit y ~ x^a; return a, its standard error and its value between the last two points."""
    lx, ly = np.log(x), np.log(y)
    (slope, _), covariance = np.polyfit(lx, ly, 1, cov="unscaled")
    rest = ly - np.polyval(np.polyfit(lx, ly, 1), lx)
    error = np.sqrt(covariance[0, 0] * (rest @ rest) / (len(x) - 2))
    return {
        "exponent": round(float(slope), 2),
        "error": round(float(error), 2),
        "exponent_at_end": round(float((ly[-1] - ly[-2]) / (lx[-1] - lx[-2])), 2),
    }


def laws(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row per curve and thing measured: range, cost at its ends, fitted exponent."""
    rows = []
    for (curve, what), chosen in _grouped(points).items():
        by = next(k for k in ("snapshots", "batch", "links") if k in chosen[0])
        by = "layers" if curve.startswith("sparse layers") else by
        for quantity in ("s", "mib", "MB", "bytes_per_link"):
            # Less than a MiB is a matter of pages.
            kept = [p for p in chosen if p.get(quantity, 0) > (quantity == "mib")]
            if len(kept) > 2:
                x, y = [p[by] for p in kept], [p[quantity] for p in kept]
                rows.append(
                    {
                        "curve": curve,
                        "what": what,
                        "quantity": {"mib": "MiB", "bytes_per_link": "bytes per link"}.get(
                            quantity, quantity
                        ),
                        "points": len(x),
                        "from": f"{x[0]:,}",
                        "to": f"{x[-1]:,}",
                        "at_from": y[0],
                        "at_to": y[-1],
                        **power_law(x, y),
                    }
                )
    return rows


def _grouped(points: list[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for point in points:
        groups.setdefault((point["curve"], point["what"]), []).append(point)
    return groups


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    if "--memory" in sys.argv:
        print(json.dumps(measure_memory()))
        return
    begun = time.perf_counter()
    points = [*networks(), *batches(), *snapshots_by_links(), *runs()]
    rows = laws(points)
    for row in rows:
        print(row)
    print(f"{time.perf_counter() - begun:.0f} s")
    path = _report.write("scaling", {}, threads=1)
    data = json.loads(path.read_text())
    del data["results"]
    data |= {
        "title": "How cost grows",
        "rows": rows,
        "note": "Seconds of processor time on one thread; steps of batch 32 with SGD and momentum "
        "unless the curve is the batch. `exponent` is the slope of the logarithms over the whole "
        "range with its standard error, `exponent_at_end` the slope between the last two points.",
        "points": [{k: _short(v) for k, v in point.items()} for point in points],
    }
    path.write_text(json.dumps(data, indent=2) + "\n")


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
