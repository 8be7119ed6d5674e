"""Runs made from random numbers, quickly, in the shape that training leaves behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from netsci_dst.run import Run
from netsci_dst.snapshots import Snapshot
from netsci_dst.topology import Dense, Layer, Population, Topology


def make_run(
    path: Path,
    *,
    sizes: tuple[int, ...] = (64, 48, 48, 10),
    links: tuple[int, ...] = (300, 240, 240),
    snapshots: int = 5,
    grid: tuple[int, ...] | None = (8, 8),
    method: str = "chts",
    seed: int = 0,
    evaluations: int | None = None,
    turnover: float = 0.1,
    hub: float = 0.8,
    name: str | None = None,
    gain: float = 0.0,
    dense_output: bool = True,
    activity: bool = True,
) -> Run:
    """Write a run whose links drift towards hubs, as percolating methods make them do."""
    rng = np.random.default_rng(seed)
    sizes_ = list(sizes)
    names = ["input", *(f"hidden{i}" for i in range(1, len(sizes_) - 1)), "output"]
    roles = ["input", *["hidden"] * (len(sizes_) - 2), "output"]
    populations = tuple(
        Population(n, s, r, shape=grid if i == 0 else None)  # type: ignore[arg-type]
        for i, (n, s, r) in enumerate(zip(names, sizes_, roles))
    )
    sparse = len(sizes_) - 1 - int(dense_output)
    pull = [rng.pareto(1.2, size) + 0.02 for size in sizes_]
    keys = [
        np.sort(rng.choice(sizes_[i] * sizes_[i + 1], links[i], replace=False))
        for i in range(sparse)
    ]
    recipe = {
        "method": method,
        "sparsity": 0.9,
        "model": "mlp",
        "model_options": {"hidden": sizes_[1:-1]},
        "data": "digits",
        "epochs": snapshots,
        "seed": seed,
    }
    provenance = {
        "status": "finished",
        "seed": seed,
        "duration_s": 12.5,
        "packages": {"numpy": "2"},
    }
    run = Run.create(path / (name or f"{method}-{seed}"), recipe, provenance)
    evolution = []
    for t in range(snapshots):
        layers, step = [], t * 100
        for i in range(sparse):
            n, m = sizes_[i], sizes_[i + 1]
            if t:
                removed = rng.choice(keys[i], int(turnover * keys[i].size), replace=False)
                kept = np.setdiff1d(keys[i], removed)
                weight = np.outer(pull[i] ** hub, pull[i + 1] ** hub).ravel()
                weight[kept] = 0
                score = np.log(np.maximum(weight, 1e-30)) + rng.gumbel(size=weight.size)
                grown = np.argpartition(-score, removed.size)[: removed.size]
                keys[i] = np.sort(np.concatenate([kept, grown]))
                evolution.append(_row(step, t, f"fc{i + 1}", keys[i].size, n * m, t, snapshots, i))
            u, v = np.divmod(keys[i], m)
            weights = rng.normal(size=u.size).astype(np.float32)
            layers.append(
                Layer.from_links(f"fc{i + 1}", names[i], names[i + 1], (n, m), u, v, weights)
            )
        if t:
            total = sum(k.size for k in keys)
            evolution.append(_row(step, t, "all", total, total * 10, t, snapshots, 0))
        dense = (Dense("head", names[-2], names[-1]),) if dense_output else ()
        stats = {
            n: {
                "mean_abs": rng.gamma(1.0, 1.0, s).astype(np.float32),
                "positive": rng.random(s).astype(np.float32),
            }
            for n, s in zip(names, sizes_)
        }
        topology = Topology(populations, tuple(layers), dense)
        run.write_snapshot(Snapshot(topology, step, float(t), stats if activity else {}))
    run.append("evolution", evolution)
    n = evaluations or snapshots
    run.append("metrics", [_metric(e, snapshots * 100 / n, gain, rng) for e in range(1, n + 1)])
    return run


def _row(step, epoch, layer, links, possible, t, total, i) -> dict:
    u = t / max(total - 1, 1)
    return {
        "step": step,
        "epoch": float(epoch),
        "layer": layer,
        "links": links,
        "density": links / possible,
        "zeta": 0.3,
        "removed": int(links * 0.3),
        "regrown": int(links * 0.3),
        "percolated": int(links * 0.05 * (1 - u)),
        "overlap": min(0.97, 0.2 + 0.85 * u + 0.02 * i),
        "itop": 0.1 + 0.2 * u,
        "anp": 1.0 - 0.6 * u,
        "active_neurons": int(160 * (1 - 0.6 * u)),
        "wall_s": float(step) / 50,
    }


def _metric(epoch: int, scale: float, gain: float, rng: np.random.Generator) -> dict:
    accuracy = 0.98 - 0.5 * np.exp(-epoch / 3) + gain + rng.normal() * 0.003
    return {
        "step": int(epoch * scale),
        "epoch": float(epoch),
        "train_loss": float(np.exp(-epoch / 4)),
        "train_accuracy": float(min(1.0, accuracy + 0.01)),
        "loss": float(0.1 + np.exp(-epoch / 4)),
        "accuracy": float(accuracy),
        "lr": 0.025 * 0.95**epoch,
        "wall_s": float(epoch),
    }
