"""Runs and topologies to analyse, made without training."""

import itertools

import numpy as np
import pytest

from netsci_dst.run import Run
from netsci_dst.snapshots import Snapshot
from netsci_dst.topology import Layer, Topology


def random_chain(sizes, density, seed=0, weights=True):
    """A chain of populations with links at random; the input is a grid when it is a square."""
    rng = np.random.default_rng(seed)
    side = int(np.sqrt(sizes[0]))
    matrices = []
    for a, b in itertools.pairwise(sizes):
        mask = rng.random((a, b)) < density
        matrices.append(mask * rng.normal(size=(a, b)).astype(np.float32) if weights else mask)
    shape = (side, side) if side * side == sizes[0] else None
    return Topology.chain(matrices, input_shape=shape)


def rewired(topology, rng, fraction=0.3):
    """Replace a fraction of each layer's links, preferring targets that have many already."""
    layers = []
    for layer in topology.layers:
        count = round(fraction * layer.n_links)
        kept = np.sort(rng.permutation(layer.n_links)[count:])
        u, v = layer.sources[kept], layer.indices[kept]
        taken = set(zip(u.tolist(), v.tolist()))
        hub = (1.0 + layer.in_degrees) / (1.0 + layer.in_degrees).sum()
        while len(taken) < layer.n_links:
            pair = (int(rng.integers(layer.shape[0])), int(rng.choice(layer.shape[1], p=hub)))
            taken.add(pair)
        ends = np.array(sorted(taken))
        layers.append(
            Layer.from_links(
                layer.name,
                layer.source,
                layer.target,
                layer.shape,
                ends[:, 0],
                ends[:, 1],
                rng.normal(size=len(ends)).astype(np.float32),
            )
        )
    return topology.replace_layers(layers)


def make_run(path, sizes=(25, 30, 30, 20), density=0.1, snapshots=4, seed=0, accuracy=0.9):
    """A run with snapshots, activity, evolution rows and metrics, as training would leave it."""
    rng = np.random.default_rng(seed)
    run = Run.create(path, {"seed": seed, "method": "synthetic"}, {"seed": seed})
    topology = random_chain(sizes, density, seed)
    for k in range(snapshots):
        step, epoch = 10 * k, float(k)
        activity = {
            p.name: {
                "mean_abs": rng.exponential(size=p.size).astype(np.float32),
                "positive": rng.random(p.size).astype(np.float32),
            }
            for p in topology.populations
        }
        run.write_snapshot(Snapshot(topology, step, epoch, activity))
        score = accuracy * (1 - 0.5 ** (k + 1))
        run.append(
            "metrics", [{"step": step, "epoch": epoch, "loss": 1 / (k + 1), "accuracy": score}]
        )
        if k + 1 < snapshots:
            topology = rewired(topology, rng)
            rows = [
                {
                    "step": step + 10,
                    "epoch": epoch + 1,
                    "layer": layer.name,
                    "links": layer.n_links,
                    "density": layer.density,
                    "zeta": 0.3,
                    "removed": round(0.3 * layer.n_links),
                    "regrown": round(0.3 * layer.n_links),
                    "percolated": 0,
                    "overlap": 0.5 + 0.45 * k / snapshots,
                    "itop": min(1.0, density * (1 + 0.3 * k)),
                    "anp": 1.0,
                    "active_neurons": int(sum(sizes)),
                    "early_stopped": False,
                    "wall_s": 0.01,
                }
                for layer in topology.layers
            ]
            run.append("evolution", [*rows, {**rows[0], "layer": "all"}])
    run.update_provenance({"status": "finished"})
    return run


@pytest.fixture
def synthetic_run(tmp_path):
    """A run of four snapshots of a small MLP."""
    return make_run(tmp_path / "run")
