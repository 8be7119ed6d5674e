"""Several threads for loops that do not hold Python's lock."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import torch

# Less work than this is done before a second thread has begun.
_WORTH = 2**21


def shares(rows: int, step: int, work: int) -> list[tuple[int, int]]:
    """Cut rows into one part for each of PyTorch's threads, each a multiple of ``step``."""
    n = min(torch.get_num_threads(), -(-rows // step), max(1, work // _WORTH))
    size = -(-rows // (n * step)) * step if n else step
    return [(first, min(first + size, rows)) for first in range(0, rows, max(1, size))]


def together(run: Callable[[int, int, int], None], parts: list[tuple[int, int]]) -> None:
    """Call ``run(part, first, last)`` for all parts at once."""
    others = [_pool(len(parts)).submit(run, i, *part) for i, part in enumerate(parts) if i]
    run(0, *parts[0])
    for other in others:
        other.result()


@cache
def _pool(size: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(size)
