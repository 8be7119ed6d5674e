"""Our compiled kernels beside igraph, networkx, NetworKit and scipy, on the graphs we serve.

    python benchmarks/own_kernels.py [--quick]

A kernel that a well-kept library has stays ours only where this shows at least twice that
library's speed, or a better optimum in the same time. (Kendall's tau and betweenness did not: they
are scipy's and igraph's.) Each ratio is theirs over ours, both in one
run; times are of one thread, the median of three where short. What is not installed is left out
with a line.
"""

from __future__ import annotations

import argparse
import itertools
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


def graphs(quick: bool) -> dict[str, Topology]:
    found = {
        "MLP 784-1568-1568-1568, 1 %": layered([784, 1568, 1568, 1568], 0.01),
        "attachment 10,000 x 5": attachment(10_000),
    }
    if not quick:
        found["attachment 30,000 x 5"] = attachment(30_000)
        found["attachment 100,000 x 5"] = attachment(100_000)
        found["attachment 300,000 x 5"] = attachment(300_000)
    return found


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    taken, result = [], None
    while len(taken) < 3 and (not taken or sum(taken) < 3):
        start = time.perf_counter()
        result = function()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken), result


def communities(topology: Topology) -> dict[str, Any]:
    graph = as_igraph(topology)
    out: dict[str, Any] = {"links": topology.n_links}
    seconds, found = timed(lambda: modularity(topology))
    out["ours, as by default"] = {"seconds": seconds, "q": found.value}
    seconds, found = timed(lambda: modularity(topology, n=1, tolerance=1e-4))
    out["ours"] = {"seconds": seconds, "q": found.value}
    seconds, q = timed(lambda: graph.community_leiden("modularity", n_iterations=2).modularity)
    out["igraph, two iterations"] = {"seconds": seconds, "q": q}
    if topology.n_links < 120_000:  # hundreds of seconds above
        seconds, q = timed(lambda: graph.community_leiden("modularity", n_iterations=-1).modularity)
        out["igraph, converged"] = {"seconds": seconds, "q": q}
        seconds, found = timed(lambda: modularity(topology, n=1, tolerance=0.0))
        out["ours, converged"] = {"seconds": seconds, "q": found.value}
    if networkit is not None:
        other = in_networkit(topology)
        seconds, part = timed(
            lambda: networkit.community.ParallelLeiden(other).run().getPartition()
        )
        quality = networkit.community.Modularity().getQuality(part, other)
        out["NetworKit"] = {"seconds": seconds, "q": quality}
    out["ratio to igraph's two iterations"] = (
        out["igraph, two iterations"]["seconds"] / out["ours"]["seconds"]
    )
    return out


def coreness(topology: Topology) -> dict[str, Any]:
    graph = as_igraph(topology)
    ours, found = timed(lambda: k_shells(topology).coreness)
    bare, known = timed(graph.coreness)
    assert found.tolist() == known
    # What a topology or a matrix costs in igraph: its graph has to be built first.
    built, _ = timed(lambda: as_igraph(topology).coreness())
    out = {"ours": ours, "igraph": bare, "igraph, from a matrix": built}
    out |= {"ratio": bare / ours, "ratio from a matrix": built / ours}
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
    parser.add_argument("--quick", action="store_true", help="the small graphs alone")
    quick = parser.parse_args().quick
    small = layered([40, 40, 40], 0.1)
    for kernel in KERNELS.values():
        kernel(small)  # compiles
    results: dict[str, dict[str, Any]] = {name: {} for name in KERNELS}
    for graph, topology in graphs(quick).items():
        for name, kernel in KERNELS.items():
            found = kernel(topology)
            if found is not None:
                results[name][graph] = found
                print(name, "|", graph, "|", found, flush=True)
    if not quick:
        _report.write("own_kernels", results, igraph=igraph.__version__)


if __name__ == "__main__":
    main()
