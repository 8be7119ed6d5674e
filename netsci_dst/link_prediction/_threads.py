"""Rows of a result computed by a few threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ..errors import NetsciError

# Below this many elementary steps a second thread costs more than it saves.
_WORTH_A_THREAD = 2_000_000


def n_threads(threads: int | None) -> int:
    """Return how many threads to use: as asked, or OMP_NUM_THREADS, or all cores of the process."""
    if threads is not None:
        if threads < 1:
            raise NetsciError(f"threads is {threads}; it must be at least 1")
        return threads
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def over_rows(
    work: Callable[[int, int], None], n_rows: int, threads: int | None, steps: float
) -> None:
    """Call ``work(low, high)`` on slices of the rows, in threads when ``steps`` are many.

    The work releases the interpreter lock and writes to places of its own.
    """
    wanted = min(n_threads(threads), max(1, int(steps // _WORTH_A_THREAD)), n_rows or 1)
    size = max(1, min(64, -(-n_rows // (4 * wanted))))
    slices = [(low, min(low + size, n_rows)) for low in range(0, n_rows, size)]
    if wanted == 1:
        for low, high in slices:
            work(low, high)
        return
    with ThreadPoolExecutor(wanted) as pool:
        for done in [pool.submit(work, low, high) for low, high in slices]:
            done.result()
