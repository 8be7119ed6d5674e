"""Moves at random between communities that exist, ever less of them: out of a poor optimum."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .leiden_kernels import random, shuffled, weigh


@njit(cache=True, nogil=True)
def anneal(
    indptr: NDArray[Any],
    indices: NDArray[Any],
    weights: NDArray[Any],
    strength: NDArray[Any],
    level: NDArray[Any],
    two_m: float,
    state: NDArray[Any],
    hottest: float,
    sweeps: int,
) -> None:
    """Let every node choose anew among its neighbours' communities, ``sweeps`` times, in place.

    A community is chosen with a probability that goes with ``exp(gain / temperature)``, the gain
    in weights of links; the temperature falls from ``hottest`` towards 0 in equal steps. Nodes
    whose neighbours all lie in their own community stay.
    """
    n = level.size
    count = level.max() + 1
    total = np.zeros(count)
    for v in range(n):
        total[level[v]] += strength[v]
    link = np.zeros(count)
    touched = np.empty(count, dtype=np.int32)
    chance = np.empty(count)
    order = shuffled(n, state)
    for sweep in range(sweeps):
        temperature = hottest * (1.0 - sweep / sweeps)
        for v in order:
            old = level[v]
            n_touched = weigh(v, indptr, indices, weights, level, link, touched)
            if n_touched == 0 or (n_touched == 1 and touched[0] == old):
                link[old] = 0.0
                continue
            total[old] -= strength[v]
            top = -np.inf
            for i in range(n_touched):
                c = touched[i]
                chance[i] = link[c] - strength[v] * total[c] / two_m
                link[c] = 0.0
                top = max(top, chance[i])
            mass = 0.0
            for i in range(n_touched):
                chance[i] = np.exp((chance[i] - top) / temperature)
                mass += chance[i]
            draw = random(state) * mass
            new = touched[n_touched - 1]
            for i in range(n_touched):
                draw -= chance[i]
                if draw < 0.0:
                    new = touched[i]
                    break
            total[new] += strength[v]
            level[v] = new
