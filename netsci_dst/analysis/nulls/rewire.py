"""Kernels that exchange the ends of links and keep every degree."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


def seed_of(rng: np.random.Generator) -> NDArray[np.uint64]:
    """Return the state of a kernel's own generator, drawn from ``rng``."""
    return rng.integers(1, 2**63, size=1, dtype=np.int64).astype(np.uint64)


@njit(cache=True)
def _below(n: int, state: NDArray[Any]) -> Any:
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    x *= np.uint64(0x2545F4914F6CDD1D)
    return np.int64((np.float64(x >> np.uint64(11)) / 9007199254740992.0) * n)


@njit(cache=True)
def _holds(indices: NDArray[Any], start: Any, end: Any, value: Any) -> bool:
    found = False
    for e in range(start, end):
        found = found or indices[e] == value
    return found


@njit(cache=True)
def _ring(position: Any, other: Any) -> float:
    d = abs(position - other)
    return min(d, 1.0 - d)


@njit(cache=True)
def exchange_in_layer(
    indptr: NDArray[Any],
    indices: NDArray[Any],
    sources: NDArray[Any],
    places: NDArray[Any],
    homes: NDArray[Any],
    wanted: int,
    state: NDArray[Any],
) -> int:
    """Attempt ``wanted`` exchanges of the targets of two links of a layer, in place.

    With ``places`` (of targets) and ``homes`` (of sources) on a ring of circumference 1, exchanges
    are made, as many as wanted, only where they do not lengthen the links: that makes a lattice.
    """
    m = indices.size
    done = 0
    lattice = places.size > 0
    if m < 2:
        return 0
    # At random, an attempt that is refused counts as a step: else not all graphs are as likely.
    for _ in range((20 if lattice else 1) * wanted):
        if lattice and done == wanted:
            break
        e, f = _below(m, state), _below(m, state)
        u, w = sources[e], sources[f]
        v, x = indices[e], indices[f]
        if u == w or v == x:
            continue
        if lattice:
            now = _ring(homes[u], places[v]) + _ring(homes[w], places[x])
            then = _ring(homes[u], places[x]) + _ring(homes[w], places[v])
            if then > now:
                continue
        if _holds(indices, indptr[u], indptr[u + 1], x):
            continue
        if _holds(indices, indptr[w], indptr[w + 1], v):
            continue
        indices[e] = x
        indices[f] = v
        done += 1
    return done


@njit(cache=True)
def exchange_in_network(
    indptr: NDArray[Any],
    indices: NDArray[Any],
    tails: NDArray[Any],
    mates: NDArray[Any],
    places: NDArray[Any],
    wanted: int,
    state: NDArray[Any],
) -> int:
    """The same for an undirected network in symmetric CSR form, in place.

    ``tails`` is the row of each entry, ``mates`` the entry of the same link in the other row.
    """
    m = indices.size
    done = 0
    lattice = places.size > 0
    if m < 4:
        return 0
    # At random, an attempt that is refused counts as a step: else not all graphs are as likely.
    for _ in range((20 if lattice else 1) * wanted):
        if lattice and done == wanted:
            break
        # An entry is a link with a direction, so both ways to exchange two links can be drawn.
        e, f = _below(m, state), _below(m, state)
        a, b = tails[e], indices[e]
        c, d = tails[f], indices[f]
        if a in (c, d) or b in (c, d):
            continue
        if lattice:
            now = _ring(places[a], places[b]) + _ring(places[c], places[d])
            then = _ring(places[a], places[d]) + _ring(places[c], places[b])
            if then > now:
                continue
        if _holds(indices, indptr[a], indptr[a + 1], d):
            continue
        if _holds(indices, indptr[c], indptr[c + 1], b):
            continue
        # a–b, c–d become a–d, c–b.
        g, h = mates[e], mates[f]
        indices[e], indices[f] = d, b
        indices[g], indices[h] = c, a
        mates[e], mates[h] = h, e
        mates[f], mates[g] = g, f
        done += 1
    return done
