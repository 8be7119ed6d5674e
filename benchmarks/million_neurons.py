"""Method `set` on a million neurons: three hidden layers of 300,000 at 20 links per neuron.

Trains, evolves the topology and takes snapshots on one thread; says how long each took and the
largest memory the process ever held.

    python benchmarks/million_neurons.py [--neurons 300000] [--links 20] [--batch 32] [--steps 12]
"""

from __future__ import annotations

import argparse
import itertools
import resource
import tempfile
import time
from pathlib import Path

import _report
import numpy as np
import torch
from torch import nn

import netsci_dst as nd
from netsci_dst.training.models.mlp import mlp


def peak_gib() -> float:
    """Return the largest resident memory of this process so far, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--neurons", type=int, default=300_000, help="in each hidden layer")
    parser.add_argument("--links", type=int, default=20, help="per neuron")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--update-every", type=int, default=4)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    sizes = [784] + [options.neurons] * 3
    # SET's own allocation gives a layer links in proportion to its neurons on both sides.
    wanted = options.links / 2 * sum(a + b for a, b in itertools.pairwise(sizes))
    sparsity = 1 - wanted / sum(a * b for a, b in itertools.pairwise(sizes))

    begun = time.perf_counter()
    model = mlp((1, 28, 28), 10, hidden=[options.neurons] * 3)
    with tempfile.TemporaryDirectory() as folder:
        training = nd.sparsify(
            model,
            method="set",
            sparsity=sparsity,
            allocation="er",
            weights="swi",
            total_steps=options.steps,
            update_every=options.update_every,
            out=Path(folder) / "run",
            seed=0,
        )
        # The output layer sums 300,000 activities, so steps must be small.
        optimizer = torch.optim.SGD(
            model.parameters(), lr=3 / options.neurons, momentum=0.9, weight_decay=5e-4, fused=True
        )
        training.attach(optimizer)
        layers = training.controller.parameters
        links = {name: layer.n_links for name, layer in layers.items()}
        print({name: f"{n:,} links, {layers[name].format}" for name, n in links.items()})
        built = time.perf_counter() - begun
        print(f"built in {built:.1f} s, {peak_gib():.2f} GiB")

        samples = torch.randn(64 * options.batch, 784)
        labels = samples[:, :10].argmax(1)
        steps, updates = [], []
        for step in range(1, options.steps + 1):
            rows = torch.randint(0, len(samples), (options.batch,))
            begun = time.perf_counter()
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(samples[rows]), labels[rows])
            loss.backward()
            optimizer.step()
            trained = time.perf_counter()
            training.step()
            steps.append(trained - begun)
            if step % options.update_every == 0:
                updates.append(time.perf_counter() - trained)
            print(f"step {step}: loss {loss.item():.4f}, {steps[-1]:.2f} s, {peak_gib():.2f} GiB")
        training.close()
        assert {name: layer.n_links for name, layer in layers.items()} == links
        run = nd.load_run(Path(folder) / "run")
        snapshots = len(run.snapshots)
        size = sum(f.stat().st_size for f in (Path(folder) / "run" / "snapshots").iterdir())

    results = {
        "neurons": 784 + 3 * options.neurons + 10,
        "links": sum(links.values()),
        "batch": options.batch,
        "build_s": round(built, 2),
        "step_s": round(float(np.median(steps)), 3),
        "update_and_snapshot_s": round(float(np.median(updates)), 2),
        "snapshots": snapshots,
        "snapshot_bytes_per_link": round(size / snapshots / sum(links.values()), 2),
        "peak_gib": round(peak_gib(), 2),
        "limit_gib": 8,
    }
    print(results)
    _report.write("million_neurons", results, threads=1)


if __name__ == "__main__":
    main()
