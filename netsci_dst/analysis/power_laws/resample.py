"""How uncertain a power-law fit is, its xmin included: refits of resampled data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .distance import suffixes
from .gamma import gamma_on_grid
from .search import search


def refit_resamples(
    values: NDArray[np.float64], counts: NDArray[np.int64], kind: int, resamples: int, seed: int
) -> NDArray[np.float64]:
    """Return alpha, xmin, size of the tail and gamma of each resample with replacement.

    Rows of NaN stand for resamples of a single distinct value.
    """
    found = np.full((resamples, 4), np.nan)
    n = int(counts.sum())
    for i in range(resamples):
        drawn = np.random.default_rng([seed, i]).multinomial(n, counts / n)
        u, number = values[drawn > 0], drawn[drawn > 0]
        if u.size < 2:
            continue
        logs = np.log(u)
        tail, tail_logs = np.empty(u.size + 1, np.int64), np.empty(u.size + 1)
        suffixes(logs, number, u.size, tail, tail_logs)
        start, alpha, _ = search(u, logs, tail, tail_logs, u.size, kind, 0, u.size - 1)
        found[i] = alpha, u[start], tail[start], gamma_on_grid(u, number)
    return found
