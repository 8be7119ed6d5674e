"""Coalescent embedding against the direct route, and at 100,000 nodes and 2 million links.

    python benchmarks/embedding.py [--quick]

The direct route is scipy's all-pairs shortest paths and numpy's dense singular value
decomposition; it and ours give the same angular order. The large network is embedded in a process
of its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import resource
import statistics
import time
from typing import Any

import _report
import networkx as nx
import numpy as np
import scipy.sparse
from scipy.sparse.csgraph import dijkstra

from netsci_dst.analysis import coalescent_embedding
from netsci_dst.topology import Topology

WANTED = 20.0


def layered(sizes: list[int], links: int, seed: int = 0) -> Topology:
    """Return a layered network with broad degrees."""
    rng = np.random.default_rng(seed)
    per = links // (len(sizes) - 1)
    matrices = []
    for a, b in itertools.pairwise(sizes):
        p, q = rng.pareto(1.5, a) + 0.3, rng.pareto(1.5, b) + 0.3
        keys = np.empty(0, np.int64)
        while keys.size < per:
            u = rng.choice(a, per, p=p / p.sum()).astype(np.int64)
            v = rng.choice(b, per, p=q / q.sum())
            keys = np.unique(np.concatenate([keys, u * b + v]))
        keys = rng.permutation(keys)[:per]
        matrices.append(
            scipy.sparse.csr_array((np.ones(per, bool), (keys // b, keys % b)), shape=(a, b))
        )
    return Topology.chain(matrices)


def direct(graph: scipy.sparse.csr_array) -> np.ndarray:
    """Return the order of the nodes by angle on the direct route (RA1, ncISO)."""
    a = graph.astype(float)
    d = a.sum(axis=1)
    link = a.tocoo()
    common = (a @ a)[link.row, link.col]
    both = d[link.row] * d[link.col]
    w = (d[link.row] + d[link.col] + both) / (1 + np.asarray(common).ravel())
    kernel = dijkstra(scipy.sparse.csr_array((w, (link.row, link.col)), shape=a.shape))
    kernel = np.maximum(kernel, kernel.T)
    _, s, vt = np.linalg.svd(kernel)
    xy = (np.sqrt(s[:3])[:, None] * vt[:3])[1:]
    return np.argsort(np.mod(np.arctan2(xy[1], xy[0]), 2 * np.pi), kind="stable")


def agreement(order: np.ndarray, theta: np.ndarray) -> float:
    """Return the share of nodes at the same place on the circle, up to rotation and reflection."""
    n = order.size
    a, b = np.empty(n, int), np.empty(n, int)
    a[order] = np.arange(n)
    b[np.argsort(theta)] = np.arange(n)
    return max(np.bincount((a + sign * b) % n).max() / n for sign in (1, -1))


def compare(graph: scipy.sparse.csr_array, repeats: int) -> dict[str, float]:
    ours, theirs = [], []
    for _ in range(repeats):
        start = time.perf_counter()
        order = direct(graph)
        theirs.append(time.perf_counter() - start)
        for _ in range(3):
            start = time.perf_counter()
            found = coalescent_embedding(graph)
            ours.append(time.perf_counter() - start)
    mine, other = statistics.median(ours), statistics.median(theirs)
    return {
        "nodes": graph.shape[0],
        "links": graph.nnz // 2,
        "seconds": mine,
        "seconds_direct": other,
        "ratio": other / mine,
        "wanted": WANTED,
        "same_place_on_the_circle": agreement(order, np.asarray(found.theta)),
    }


def large(options: dict, results) -> None:
    topology = layered([25_000] * 4, 2_000_000)
    start = time.perf_counter()
    found = coalescent_embedding(topology, **options)
    results.put(
        {
            "nodes": topology.n_nodes,
            "links": topology.n_links,
            "placed": int(found.nodes.size),
            "seconds": time.perf_counter() - start,
            "wanted_seconds": 600.0,
            "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
            "wanted_gib": 12.0,
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one repeat, no large network")
    quick = parser.parse_args().quick
    coalescent_embedding(nx.barabasi_albert_graph(600, 3, seed=0))  # compiles, or loads
    small = layered([784, 1072, 1072, 1072], 60_000).to_scipy()
    _, label = scipy.sparse.csgraph.connected_components(small)
    inside = np.flatnonzero(label == np.bincount(label).argmax())
    popular = nx.to_scipy_sparse_array(nx.barabasi_albert_graph(4000, 15, seed=1), format="csr")
    repeats = 1 if quick else 3
    results: dict[str, dict] = {
        "layered, 4,000 neurons": compare(small[inside][:, inside].tocsr(), repeats),
        "Barabási–Albert, 4,000 nodes": compare(popular, repeats),
    }
    cases: dict[str, dict[str, Any]] = {"LE": {"reduction": "LE"}}
    cases["ISO, 1,000 landmarks"] = {"reduction": "ISO", "landmarks": 1000}
    for name, options in {} if quick else cases.items():
        context = multiprocessing.get_context("spawn")
        queue = context.Queue()
        worker = context.Process(target=large, args=(options, queue))
        worker.start()
        results[f"large, {name}"] = queue.get(timeout=3600)
        worker.join()
    for name, found in results.items():
        print(name, {k: round(v, 3) for k, v in found.items()})
    _report.write("embedding", results)


if __name__ == "__main__":
    main()
