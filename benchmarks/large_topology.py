"""Cheap measures of a LLaMA-shaped topology of 25 million links: time by time, and memory.

Targets: degrees, power law, k-shells, modularity, ANP and path counts together in at most ten
minutes and 16 GiB.
"""

from __future__ import annotations

import resource
import sys
import time
from typing import Any

import numpy as np
from _report import write

from netsci_dst import registry
from netsci_dst.snapshots import Snapshot
from netsci_dst.topology import Dense, Layer, Population, Topology

BLOCKS, WIDTH, INNER = 24, 2048, 5461  # LLaMA-1B
MEASURES = ("degrees", "power_law", "k_shell", "modularity", "active_neurons", "credit_paths")


def random_layer(name, source, target, shape, count, rng) -> Layer:
    """Draw links with targets preferred by a heavy-tailed fitness, as evolution leaves them."""
    fitness = rng.pareto(2.0, shape[1]) + 1
    chance = np.cumsum(fitness / fitness.sum())
    keys = np.empty(0, dtype=np.int64)
    while keys.size < count:
        more = int(1.1 * (count - keys.size)) + 10
        v = np.minimum(np.searchsorted(chance, rng.random(more)), shape[1] - 1)
        drawn = rng.integers(0, shape[0], more) * shape[1] + v
        keys = np.unique(np.concatenate([keys, drawn]))
    keys = np.sort(rng.permutation(keys)[:count])
    return Layer.from_links(name, source, target, shape, keys // shape[1], keys % shape[1])


def llama(links: int, blocks: int = BLOCKS, width: int = WIDTH, inner: int = INNER) -> Topology:
    """Return a decoder's topology: q and k into one population, v, o, gate and up, down."""
    rng = np.random.default_rng(0)
    populations = [Population("embedding", width, "residual")]
    layers, skips = [], []
    possible = blocks * (4 * width**2 + 3 * width * inner)
    density = links / possible

    def join(block, name, source, target, shape):
        count = round(density * shape[0] * shape[1])
        name = f"layers.{block}.{name}"
        layers.append(random_layer(name, source, target, shape, count, rng))

    stream = "embedding"
    for b in range(blocks):
        middle, after = f"residual.{b}.attention", f"residual.{b}.mlp"
        populations += [
            Population(f"qk.{b}", width),
            Population(f"v.{b}", width),
            Population(middle, width, "residual"),
            Population(f"inner.{b}", inner),
            Population(after, width, "residual"),
        ]
        square = (width, width)
        join(b, "q_proj", stream, f"qk.{b}", square)
        join(b, "k_proj", stream, f"qk.{b}", square)
        join(b, "v_proj", stream, f"v.{b}", square)
        join(b, "o_proj", f"v.{b}", middle, square)
        join(b, "gate_proj", middle, f"inner.{b}", (width, inner))
        join(b, "up_proj", middle, f"inner.{b}", (width, inner))
        join(b, "down_proj", f"inner.{b}", after, (inner, width))
        skips += [(stream, middle), (middle, after)]
        stream = after
    populations.append(Population("logits", 32000, "output"))
    head = Dense("lm_head", stream, "logits")
    return Topology(tuple(populations), tuple(layers), (head,), tuple(skips))


def gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main(links: int = 25_000_000) -> None:
    small = Snapshot(llama(20_000, 2, 128, 344))
    for name in MEASURES:  # compiled before anything is timed
        chosen = registry.get("measure", name).target
        list(chosen.function(small, **chosen.resolve()))
    snapshot = Snapshot(llama(links))
    print(f"{snapshot.topology.n_links:,} links, {snapshot.topology.n_nodes:,} neurons")
    results: dict[str, Any] = {"links": snapshot.topology.n_links}
    results |= {"neurons": snapshot.topology.n_nodes, "seconds": {}}
    total = 0.0
    for name in MEASURES:
        chosen = registry.get("measure", name).target
        start = time.perf_counter()
        found = list(chosen.function(snapshot, **chosen.resolve()))
        seconds = time.perf_counter() - start
        total += seconds
        results["seconds"][name] = round(seconds, 2)
        print(f"{name:15} {seconds:8.2f} s, {len(found)} results, peak {gib():.1f} GiB", flush=True)
    results |= {"total_s": round(total, 1), "peak_gib": round(gib(), 2)}
    results["targets"] = {"total_s": 600, "peak_gib": 16}
    print(f"total {total:.0f} s (target 600), peak {gib():.1f} GiB (target 16)")
    write("large_topology", results)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
