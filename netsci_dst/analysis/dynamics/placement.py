"""Links gained and lost by chance alone, on the degrees that a network has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .history import Block, LinkHistory

_TRIES = 50


def chance_of_gains(
    history: LinkHistory, state: int, gained: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return as many links as were gained, placed uniformly among the absent ones of each layer.

    A link that a new node brings keeps that node, and gets any node that was there before.
    """
    there = history.arrived <= state
    u, v = history.ends(gained)
    settled = there[u] & there[v]
    old = np.flatnonzero(there)
    brought = np.where(there[u], v, u)[~settled]
    found = [_joined(history, brought, rng.choice(old, brought.size))] if old.size else []
    for block, links in history.within(gained[settled]):
        found.append(_absent(history, state, block, links.size, old, rng))
    return np.concatenate(found) if found else gained[:0]


def chance_of_losses(
    history: LinkHistory, state: int, lost: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return as many links as were lost, drawn uniformly among those of each layer."""
    pairs = zip(history.within(history.states[state]), history.within(lost), strict=True)
    return np.concatenate(
        [rng.choice(there, gone.size, replace=False) for (_, there), (_, gone) in pairs]
    )


def _absent(
    history: LinkHistory,
    state: int,
    block: Block,
    count: int,
    old: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Draw absent links of a block, without repeats, by drawing again what is there already."""
    sources = old[(old >= block.source.start) & (old < block.source.stop)]
    targets = old[(old >= block.target.start) & (old < block.target.stop)]
    taken = history.states[state]
    found = np.empty(0, dtype=np.int64)
    for _ in range(_TRIES):
        missing = count - found.size
        if missing <= 0:
            break
        u, v = rng.choice(sources, 2 * missing + 8), rng.choice(targets, 2 * missing + 8)
        keys = u * history.n + v if block.directed else _joined(history, u, v)
        keys = keys[u != v]
        new = np.setdiff1d(keys, taken)
        found = np.union1d(found, new)
    return rng.permutation(found)[:count]


def _joined(history: LinkHistory, u: NDArray[np.int64], v: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.minimum(u, v) * history.n + np.maximum(u, v)
