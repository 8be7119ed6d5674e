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


def part(
    batch: NDArray[np.int64], rank: int, world_size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return one process's contiguous part of a global batch, and what passes through its model.

    Parts differ by at most one sample. A process whose part is empty passes the batch's first
    sample through, with share 0, so that all processes do the same work at every step.
    """
    if world_size == 1:
        return batch, batch
    bounds = np.linspace(0, batch.size, world_size + 1).round().astype(int)
    own = batch[bounds[rank] : bounds[rank + 1]]
    return own, own if own.size else batch[:1]
