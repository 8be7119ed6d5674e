"""Angular separation of 5,000 nodes with 1,000 permutations.

python benchmarks/asi.py
"""

from __future__ import annotations

import statistics
import time

import _report
import numpy as np

from netsci_dst.analysis import angular_separation_index


def main() -> None:
    rng = np.random.default_rng(0)
    theta = rng.random(5000) * 2 * np.pi
    elevation = np.arcsin(rng.random(5000) * 2 - 1)
    labels = rng.integers(0, 5, 5000)
    results = {}
    for name, angles in (("circle", theta), ("sphere", np.column_stack([theta, elevation]))):
        angular_separation_index(angles[:60], labels[:60])
        seconds = []
        for seed in range(7):
            start = time.perf_counter()
            angular_separation_index(angles, labels, permutations=1000, seed=seed)
            seconds.append(time.perf_counter() - start)
        results[name] = {
            "nodes": 5000,
            "groups": 5,
            "permutations": 1000,
            "seconds": statistics.median(seconds),
            "wanted_seconds": 1.0,
        }
        print(name, results[name])
    _report.write("asi", results)


if __name__ == "__main__":
    main()
