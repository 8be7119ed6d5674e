"""Which samples make up which batch: a function of seed and epoch alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def shuffled(n: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the order of ``n`` samples in an epoch, shape ``(n,)``."""
    return np.random.default_rng([seed, epoch]).permutation(n)


def n_batches(n: int, batch_size: int, drop_last: bool) -> int:
    """Return the number of batches of ``n`` samples."""
    return n // batch_size if drop_last else -(-n // batch_size)


def part(batch: NDArray[np.int64], rank: int, world_size: int) -> NDArray[np.int64]:
    """Return one process's contiguous part of a global batch; parts differ by at most one."""
    if world_size == 1:
        return batch
    bounds = np.linspace(0, batch.size, world_size + 1).round().astype(int)
    return batch[bounds[rank] : bounds[rank + 1]]
