"""Link predictors on random layers, beside dense float32 products of the same size.

    python benchmarks/link_prediction.py [--quick]

Targets on two cores: CH3-L3p of 1024 × 1024 in at most 0.04 s at 1 %, 0.35 s at 5 % and 1.5 s at
10 % density; CH2-L3n of 4096 × 4096 at 1 % at least four times faster than four dense products;
2048 × 5461 at 30 % in bounded memory.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _report import write

from netsci_dst import link_prediction as lp
from netsci_dst.link_prediction._threads import n_threads


def layer(shape: tuple[int, int], density: float, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random(shape) < density).astype(np.float32)


def median(work: Callable[[], Any], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def path_based(repeats: int) -> dict[str, Any]:
    targets = {0.01: 0.04, 0.05: 0.35, 0.1: 1.5}
    dense = np.random.default_rng(0).random((1024, 1024), dtype=np.float32)
    rows = {}
    for density, target in targets.items():
        a = layer((1024, 1024), density)
        lp.ch3_l3p(a)
        seconds = median(lambda a=a: lp.ch3_l3p(a), repeats)
        product = median(lambda a=a: a @ dense, repeats)
        rows[f"1024x1024 {density:.0%}"] = {
            "seconds": seconds,
            "target_seconds": target,
            "over_one_dense_product": seconds / product,
        }
    return rows


def node_based(repeats: int) -> dict[str, Any]:
    a = layer((4096, 4096), 0.01)
    dense = np.random.default_rng(0).random((4096, 4096), dtype=np.float32)
    lp.ch2_l3n(a)
    ours, products = [], []
    for _ in range(repeats):
        ours.append(median(lambda: lp.ch2_l3n(a), 1))
        products.append(4 * median(lambda: a @ dense, 1))
    return {
        "seconds": float(np.median(ours)),
        "four_dense_products_seconds": float(np.median(products)),
        "times_faster": float(np.median(np.array(products) / np.array(ours))),
        "target_times_faster": 4,
    }


def large(rows: int = 2048) -> dict[str, Any]:
    """A layer of a 1-billion-parameter LLaMA: time and the memory above that of the layer."""
    a = layer((rows, 5461), 0.3)
    before = resident()
    with Peak() as peak:
        node = median(lambda: lp.ch2_l3n(a), 1)
    found = {"ch2_l3n seconds": node, "ch2_l3n extra_MiB": (peak.value - before) / 2**20}
    few = layer((64, 5461), 0.3)
    with Peak() as peak:
        path = median(lambda: lp.ch3_l3p(few), 1)
    found["ch3_l3p seconds of 64 x 5461"] = path
    found["ch3_l3p extra_MiB of 64 x 5461"] = (peak.value - before) / 2**20
    return found


def candidates() -> dict[str, Any]:
    """The best links of a layer whose full matrix would take 20 GB."""
    import scipy.sparse as sp

    n, links = 50_000, 500_000
    rng = np.random.default_rng(0)
    a = sp.coo_array((np.ones(links), rng.integers(0, n, (2, links))), shape=(n, n)).tocsr()
    lp.top_links(a[:100], "ch3_l3p", 10)
    before = resident()
    with Peak() as peak:
        seconds = median(lambda: lp.top_links(a, "ch3_l3p", 100_000), 1)
    return {"seconds": seconds, "extra_MiB": (peak.value - before) / 2**20, "links": links}


def resident() -> int:
    """Return the memory this process holds, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Peak:
    """The most memory held during a block, looked at a hundred times a second."""

    def __enter__(self) -> Peak:
        self.value, self._done = resident(), threading.Event()
        self._watch = threading.Thread(target=self._look)
        self._watch.start()
        return self

    def _look(self) -> None:
        while not self._done.wait(0.01):
            self.value = max(self.value, resident())

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watch.join()


def main() -> None:
    quick = "--quick" in sys.argv
    repeats = 3 if quick else 9
    results = {
        "ch3_l3p": path_based(repeats),
        "ch2_l3n 4096x4096 1%": node_based(min(repeats, 5)),
        "2048x5461 30%": large(512 if quick else 2048),
        "top_links of 50000x50000, ch3_l3p": candidates(),
    }
    for name, values in results.items():
        print(name, values)
    write("link_prediction", results, threads=n_threads(None))


if __name__ == "__main__":
    main()
