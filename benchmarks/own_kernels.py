"""Our compiled kernels beside igraph, networkx, NetworKit and scipy, on the graphs we serve.

    python benchmarks/own_kernels.py [--only "attachment 30,000 x 5"]

A kernel that a well-kept library has stays ours only where this shows at least twice that
library's speed, or a better optimum in the same time. (Kendall's tau and betweenness did not: they
are scipy's and igraph's.) What counts is the way from our data, compressed rows, to the result:
an igraph graph has to be built from them first, which takes longer than many an algorithm, so both
are given, the bare algorithm and the whole way. Seconds are of the processor, of one thread, the
median of three where short; each ratio is theirs over ours, both in one run. ``--only`` measures
some graphs anew and leaves the lines of the others. What is not installed is left out with a line.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import _report
import igraph
import networkx as nx
import numpy as np
import scipy.optimize
import scipy.special
from _report import RESULTS

from netsci_dst.analysis.paths.distances import distances
from netsci_dst.analysis.power_laws.zeta import solve_exponent
from netsci_dst.analysis.structure.k_shell import k_shells
from netsci_dst.analysis.structure.modularity import modularity
from netsci_dst.graphs import as_adjacency, as_igraph
from netsci_dst.topology import Topology

try:
    import networkit
except ImportError:
    networkit: Any = None
    print("NetworKit is not installed: left out")


def layered(sizes: list[int], density: float) -> Topology:
    rng = np.random.default_rng(0)
    pairs = itertools.pairwise(sizes)
    return Topology.chain([rng.random(shape) < density for shape in pairs])


def attachment(n: int) -> Topology:
    random.seed(0)
    return Topology.network(igraph.Graph.Barabasi(n, 5))


GRAPHS: dict[str, Callable[[], Topology]] = {
    "MLP 784-1568-1568-1568, 1 %": lambda: layered([784, 1568, 1568, 1568], 0.01),
    "attachment 10,000 x 5": lambda: attachment(10_000),
    "attachment 30,000 x 5": lambda: attachment(30_000),
    "attachment 100,000 x 5": lambda: attachment(100_000),
    "attachment 300,000 x 5": lambda: attachment(300_000),
}


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    taken, result = [], None
    while len(taken) < 3 and (not taken or sum(taken) < 3):
        start = time.process_time()
        result = function()
        taken.append(time.process_time() - start)
    return statistics.median(taken), result


def communities(topology: Topology) -> dict[str, Any]:
    graph = as_igraph(topology)
    seconds, found = timed(lambda: modularity(topology, threads=1))
    out: dict[str, Any] = {"links": topology.n_links}
    out["ours"] = {"seconds": seconds, "q": found.value}
    out["igraph, two iterations"] = by_igraph(graph, 2, 1)
    if topology.n_links < 1_000_000:  # minutes above
        runs = 3 if topology.n_links < 200_000 else 1
        out["igraph, converged"] = by_igraph(graph, -1, runs)
        out["q over igraph's converged"] = found.value - out["igraph, converged"]["q"]
    if networkit is not None:
        other = in_networkit(topology)
        method = networkit.community.ParallelLeiden
        taken, part = timed(lambda: method(other).run().getPartition())
        quality = networkit.community.Modularity().getQuality(part, other)
        out["NetworKit"] = {"seconds": taken, "q": quality}
    out["seconds over igraph's two iterations"] = seconds / out["igraph, two iterations"]["seconds"]
    return out


def by_igraph(graph: igraph.Graph, iterations: int, runs: int) -> dict[str, float]:
    """Return the means of seeded runs."""
    seconds, found = [], []
    for seed in range(runs):
        random.seed(seed)
        start = time.process_time()
        part = graph.community_leiden("modularity", n_iterations=iterations)
        seconds.append(time.process_time() - start)
        found.append(part.modularity)
    return {"seconds": statistics.mean(seconds), "q": statistics.mean(found)}


def coreness(topology: Topology) -> dict[str, Any]:
    graph = as_igraph(topology)
    ours, found = timed(lambda: k_shells(topology).coreness)
    bare, known = timed(graph.coreness)
    assert found.tolist() == known
    built, _ = timed(lambda: as_igraph(topology).coreness())
    out = {"ours": ours, "igraph, bare": bare, "igraph, from our rows": built}
    out |= {"ratio": built / ours, "ratio to the bare algorithm": bare / ours}
    if networkit is not None:
        other = in_networkit(topology)
        out["NetworKit"] = timed(lambda: networkit.centrality.CoreDecomposition(other).run())[0]
    if topology.n_links < 120_000:
        plain = nx.Graph(graph.get_edgelist())
        out["networkx"] = timed(lambda: nx.core_number(plain))[0]
    return out


def path_lengths(topology: Topology) -> dict[str, Any] | None:
    if topology.n_links > 120_000:
        return None
    graph, matrix = as_igraph(topology), as_adjacency(topology)
    ours, found = timed(lambda: distances(matrix).pairs)
    theirs, known = timed(lambda: list(graph.path_length_hist(directed=False).bins()))
    assert (found[1:] // 2).tolist() == [int(count) for _, _, count in known]
    return {"ours": ours, "igraph": theirs, "ratio": theirs / ours}


def zeta(topology: Topology) -> dict[str, Any]:
    """Exponents at every candidate xmin: ours by derivatives, scipy's zeta by Brent's method."""
    values, counts = np.unique(topology.degrees[topology.degrees > 0], return_counts=True)
    logs, n = np.log(values), counts[::-1].cumsum()[::-1]
    mean = (counts * logs)[::-1].cumsum()[::-1] / n
    starts = range(values.size - 1)

    def own() -> list[float]:
        return [solve_exponent(float(values[i]), mean[i] - logs[i]) for i in starts]

    def theirs() -> list[float]:
        found = []
        for i in starts:

            def loss(s: float, i: int = i) -> float:
                return np.log(scipy.special.zeta(s, values[i])) + s * mean[i]

            bounds = (1.001, 100.0)
            found.append(scipy.optimize.minimize_scalar(loss, bounds=bounds, method="bounded").x)
        return found

    ours, found = timed(own)
    other, known = timed(theirs)
    settled = np.array(found) < 30  # beyond, scipy's zeta underflows
    assert np.allclose(np.array(found)[settled], np.array(known)[settled], rtol=1e-3)
    return {"ours": ours, "scipy": other, "ratio": other / ours}


def in_networkit(topology: Topology) -> Any:
    networkit.setNumberOfThreads(1)
    u, v = topology.links()
    graph = networkit.Graph(topology.n_nodes)
    for a, b in zip(u.tolist(), v.tolist()):
        graph.addEdge(a, b)
    return graph


KERNELS = {
    "communities": communities,
    "coreness": coreness,
    "path lengths": path_lengths,
    "exponents by zeta": zeta,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=GRAPHS, help="measure this graph anew")
    asked = parser.parse_args().only or list(GRAPHS)
    small = layered([40, 40, 40], 0.1)
    for kernel in KERNELS.values():
        kernel(small)  # compiles
    known = RESULTS / "own_kernels.json"
    written = json.loads(known.read_text()) if known.is_file() else {}
    before = written.get("results", {})
    results = {name: dict(before.get(name, {})) for name in KERNELS}
    for graph in asked:
        topology = GRAPHS[graph]()
        for name, kernel in KERNELS.items():
            found = kernel(topology)
            if found is not None:
                results[name][graph] = found
                print(name, "|", graph, "|", found, flush=True)
    others = {} if networkit is None else {"networkit": networkit.__version__}
    # What the figures decide is written by hand, and stays until that is done anew.
    note = written.get("note", "")
    _report.write("own_kernels", results, note, igraph=igraph.__version__, **others)


if __name__ == "__main__":
    main()
