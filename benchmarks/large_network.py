"""A network of five million links: read, measured, shown, with time and memory of each step.

    python benchmarks/large_network.py [--links 5_000_000]

``seconds`` is wall time, other work of the machine included; ``processor_s`` is this process alone.
A Barabási–Albert network, which has a heavy tail and no communities: the hardest case for them.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import _report
import igraph
import numpy as np

import netsci_dst as nd
from netsci_dst.analysis import analyze
from netsci_dst.reports.subjects import open_subjects

MEASURES = ("degrees", "k_shell", "power_law", "assortativity", "modularity", "path_length")
OPTIONS = {"path_length": {"path_length": {"samples": 64}}}


def write_links(path: Path, links: int) -> None:
    random.seed(0)
    graph = igraph.Graph.Barabasi(links // 5, 5)
    np.savetxt(path, np.array(graph.get_edgelist()), fmt="%d")


def memory() -> float:
    """Return the most memory taken so far in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def measured(path: Path) -> dict[str, Any]:
    results: dict[str, Any] = {}
    wall, processor = time.perf_counter(), time.process_time()
    (run,) = open_subjects(nd.read_network(path))
    steps = ["read", *MEASURES, "report"]
    for step in steps:
        if step != "read":
            wall, processor = time.perf_counter(), time.process_time()
        if step == "report":
            nd.report(run, path.with_suffix(".html"), analyze=False)
        elif step != "read":
            analyze(run, step, options=OPTIONS.get(step))
        results[step] = {
            "seconds": time.perf_counter() - wall,
            "processor_s": time.process_time() - processor,
            "peak_gib": memory(),
        }
        print(step, results[step], flush=True)
    results["all"] = {
        "seconds": sum(results[step]["seconds"] for step in steps),
        "processor_s": sum(results[step]["processor_s"] for step in steps),
        "peak_gib": memory(),
    }
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--links", type=int, default=5_000_000)
    links = parser.parse_args().links
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "links.txt"
        write_links(path, links)
        results = measured(path)
    print(results["all"])
    _report.write("large_network", {"links": links, **results})


if __name__ == "__main__":
    main()
