"""Structural consistency against full eigendecompositions by numpy, with the same removals.

    python benchmarks/structural_consistency.py [--repeats 10] [--quick]

The direct route is that of Lü et al. 2015: all eigenvectors, made right for the removed links
inside each eigenspace, the perturbed matrix, and its open pairs sorted. The time of numpy's
eigendecompositions alone is given beside it.
"""

from __future__ import annotations

import argparse
import math
import time
from typing import Any

import _report
import networkx as nx
import numpy as np
import scipy.sparse
from embedding import layered

from netsci_dst.analysis import structural_consistency


def direct(graph: scipy.sparse.csr_array, repeats: int) -> tuple[float, float]:
    """Return the mean consistency and the seconds spent in eigendecompositions."""
    a = graph.toarray().astype(float)
    n = len(a)
    links = np.array(np.nonzero(np.triu(a, 1)))
    count = math.ceil(0.1 * links.shape[1])
    found, spent = [], 0.0
    for child in np.random.SeedSequence(0).spawn(repeats):
        chosen = np.random.default_rng(child).choice(links.shape[1], count, replace=False)
        i, j = links[:, chosen]
        rest = a.copy()
        rest[i, j] = rest[j, i] = 0
        delta = a - rest
        start = time.perf_counter()
        values, vectors = np.linalg.eigh(rest)
        spent += time.perf_counter() - start
        breaks = np.flatnonzero(np.diff(values) > 1e-8) + 1
        for space in np.split(np.arange(n), breaks):
            if space.size > 1:
                x = vectors[:, space]
                vectors[:, space] = x @ np.linalg.eigh(x.T @ delta @ x)[1]
        perturbed = vectors @ np.diag(np.diag(vectors.T @ a @ vectors)) @ vectors.T
        open_ = np.triu(rest == 0, 1)
        best = np.argsort(-perturbed[open_], kind="stable")[:count]
        found.append(delta[open_][best].mean())
    return float(np.mean(found)), spent


def compare(graph: scipy.sparse.csr_array, repeats: int, wanted: float) -> dict[str, Any]:
    start = time.perf_counter()
    ours = structural_consistency(graph, repeats=repeats)
    mine = time.perf_counter() - start
    start = time.perf_counter()
    theirs, eigen = direct(graph, repeats)
    other = time.perf_counter() - start
    return {
        "nodes": graph.shape[0],
        "links": graph.nnz // 2,
        "repeats": repeats,
        "consistency": float(ours),
        "consistency_direct": theirs,
        "seconds": mine,
        "seconds_direct": other,
        "seconds_eigh_alone": eigen,
        "ratio": other / mine,
        "ratio_to_eigh_alone": eigen / mine,
        "wanted": wanted,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--quick", action="store_true", help="one repetition")
    options = parser.parse_args()
    repeats = 1 if options.quick else options.repeats
    structural_consistency(nx.karate_club_graph(), repeats=1)  # compiles, or loads
    structural_consistency(nx.star_graph(40), repeats=1)
    structural_consistency(nx.barabasi_albert_graph(1100, 3, seed=0), repeats=1)
    popular = nx.to_scipy_sparse_array(nx.barabasi_albert_graph(4000, 15, seed=1), format="csr")
    chain = layered([784, 1072, 1072, 1072], 60_000).to_scipy()
    results = {
        "layered, 4,000 neurons": compare(chain, repeats, 4.0),
        "Barabási–Albert, 4,000 nodes": compare(popular, repeats, 2.0),
    }
    for name, found in results.items():
        print(name, {k: round(v, 4) for k, v in found.items()})
    _report.write("structural_consistency", results)


if __name__ == "__main__":
    main()
