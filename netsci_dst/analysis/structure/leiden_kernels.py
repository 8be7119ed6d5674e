"""Compiled steps of the Leiden algorithm: local moves, refinement, aggregation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def random(state: NDArray[Any]) -> float:
    """Return a number in [0, 1) of a splitmix64 stream."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.float64(z >> np.uint64(11)) / 9007199254740992.0


@njit(cache=True, nogil=True)
def shuffled(n: int, state: NDArray[Any]) -> NDArray[np.int32]:
    """Return the numbers below n in random order."""
    order = np.arange(n).astype(np.int32)
    for i in range(n - 1, 0, -1):
        j = int(random(state) * (i + 1))
        order[i], order[j] = order[j], order[i]
    return order


@njit(cache=True, nogil=True)
def renumber(labels: NDArray[Any]) -> int:
    """Number communities from 0 in order of appearance, in place; return how many there are."""
    top = 0
    for label in labels:
        top = max(top, label)
    new = np.full(top + 1, -1, dtype=np.int32)
    count = 0
    for i in range(labels.size):
        if new[labels[i]] < 0:
            new[labels[i]] = count
            count += 1
        labels[i] = new[labels[i]]
    return count


@njit(cache=True, nogil=True)
def weigh(
    v: int,
    indptr: NDArray[Any],
    indices: NDArray[Any],
    weights: NDArray[Any],
    level: NDArray[Any],
    link: NDArray[Any],
    touched: NDArray[Any],
) -> int:
    """Add a node's links to ``link``, by community; list those in ``touched``, return how many."""
    n_touched = 0
    for e in range(indptr[v], indptr[v + 1]):
        u = indices[e]
        if u != v:
            c = level[u]
            if link[c] == 0.0:
                touched[n_touched] = c
                n_touched += 1
            link[c] += weights[e]
    return n_touched


@njit(cache=True, nogil=True)
def move(
    indptr: NDArray[Any],
    indices: NDArray[Any],
    weights: NDArray[Any],
    strength: NDArray[Any],
    level: NDArray[Any],
    two_m: float,
    state: NDArray[Any],
) -> bool:
    """Move nodes between communities while that raises modularity; return whether any moved."""
    n = level.size
    total = np.zeros(n)
    size = np.zeros(n, dtype=np.int64)
    for v in range(n):
        total[level[v]] += strength[v]
        size[level[v]] += 1
    free = np.empty(n, dtype=np.int32)  # empty communities
    n_free = 0
    for c in range(n):
        if size[c] == 0:
            free[n_free] = c
            n_free += 1
    queue = shuffled(n, state)
    queued = np.ones(n, dtype=np.bool_)
    head, waiting = 0, n
    link = np.zeros(n)
    touched = np.empty(n, dtype=np.int32)
    any_moved = False
    while waiting:
        v = queue[head]
        head = head + 1 if head + 1 < n else 0
        waiting -= 1
        queued[v] = False
        old = level[v]
        n_touched = weigh(v, indptr, indices, weights, level, link, touched)
        k = strength[v] / two_m
        total[old] -= strength[v]
        best = old
        best_gain = link[old] - k * total[old]
        for i in range(n_touched):
            c = touched[i]
            gain = link[c] - k * total[c]
            if gain > best_gain + 1e-10:
                best_gain = gain
                best = c
            link[c] = 0.0
        if best_gain < -1e-10 and size[old] > 1:
            n_free -= 1
            best = free[n_free]
        total[best] += strength[v]
        if best != old:
            any_moved = True
            level[v] = best
            size[best] += 1
            size[old] -= 1
            if size[old] == 0:
                free[n_free] = old
                n_free += 1
            for e in range(indptr[v], indptr[v + 1]):
                u = indices[e]
                if not queued[u] and level[u] != best:
                    queued[u] = True
                    tail = head + waiting
                    queue[tail if tail < n else tail - n] = u
                    waiting += 1
    return any_moved


@njit(cache=True, nogil=True)
def refine(
    indptr: NDArray[Any],
    indices: NDArray[Any],
    weights: NDArray[Any],
    strength: NDArray[Any],
    level: NDArray[Any],
    two_m: float,
    state: NDArray[Any],
    theta: float,
) -> NDArray[np.int32]:
    """Split each community into well-connected parts, merging singletons at random by gain."""
    n = level.size
    whole = np.zeros(n)  # strength of each community
    for v in range(n):
        whole[level[v]] += strength[v]
    part = np.arange(n).astype(np.int32)
    total = strength.copy()
    alone = np.ones(n, dtype=np.bool_)
    outside = np.zeros(n)  # links of each part to the rest of its community
    for v in range(n):
        for e in range(indptr[v], indptr[v + 1]):
            u = indices[e]
            if u != v and level[u] == level[v]:
                outside[v] += weights[e]
    link = np.zeros(n)
    touched = np.empty(n, dtype=np.int32)
    chance = np.empty(n)
    for v in shuffled(n, state):
        community = whole[level[v]]
        if not alone[v] or outside[v] < strength[v] * (community - strength[v]) / two_m:
            continue
        n_touched = 0
        for e in range(indptr[v], indptr[v + 1]):
            u = indices[e]
            if u != v and level[u] == level[v]:
                c = part[u]
                if link[c] == 0.0:
                    touched[n_touched] = c
                    n_touched += 1
                link[c] += weights[e]
        top = 0.0
        for i in range(n_touched):
            c = touched[i]
            gain = link[c] - strength[v] * total[c] / two_m
            if outside[c] < total[c] * (community - total[c]) / two_m:
                gain = -1.0
            chance[i] = gain
            top = max(top, gain)
        # Staying alone has gain 0; probabilities go with exp(gain / theta).
        mass = np.exp(-top / theta)
        for i in range(n_touched):
            chance[i] = np.exp((chance[i] - top) / theta) if chance[i] >= 0.0 else 0.0
            mass += chance[i]
        draw = random(state) * mass
        chosen = -1
        for i in range(n_touched):
            draw -= chance[i]
            if draw < 0.0 and chance[i] > 0.0:
                chosen = touched[i]
                break
        if chosen >= 0 and chosen != part[v]:
            outside[chosen] += outside[v] - 2.0 * link[chosen]
            total[chosen] += strength[v]
            total[v] = 0.0
            alone[chosen] = False
            alone[v] = False
            part[v] = chosen
        for i in range(n_touched):
            link[touched[i]] = 0.0
    return part


@njit(cache=True, nogil=True)
def aggregate(
    indptr: NDArray[Any],
    indices: NDArray[Any],
    weights: NDArray[Any],
    groups: NDArray[Any],
    count: int,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    """Return the weighted graph of the groups, self-loops included (twice their links)."""
    n = groups.size
    starts = np.zeros(count + 1, dtype=np.int64)
    for v in range(n):
        starts[groups[v] + 1] += 1
    for c in range(count):
        starts[c + 1] += starts[c]
    members = np.empty(n, dtype=np.int32)
    fill = starts[:-1].copy()
    for v in range(n):
        members[fill[groups[v]]] = v
        fill[groups[v]] += 1
    link = np.zeros(count)
    touched = np.empty(count, dtype=np.int32)
    new_indptr = np.zeros(count + 1, dtype=np.int64)
    new_indices = np.empty(indices.size, dtype=np.int32)
    new_weights = np.empty(indices.size, dtype=np.float64)
    end = 0
    for c in range(count):
        n_touched = 0
        for i in range(starts[c], starts[c + 1]):
            v = members[i]
            for e in range(indptr[v], indptr[v + 1]):
                d = groups[indices[e]]
                if link[d] == 0.0:
                    touched[n_touched] = d
                    n_touched += 1
                link[d] += weights[e]
        for i in range(n_touched):
            new_indices[end] = touched[i]
            new_weights[end] = link[touched[i]]
            link[touched[i]] = 0.0
            end += 1
        new_indptr[c + 1] = end
    return new_indptr, new_indices[:end].copy(), new_weights[:end].copy()


@njit(cache=True, nogil=True)
def quality(
    indptr: NDArray[Any],
    indices: NDArray[Any],
    weights: NDArray[Any],
    membership: NDArray[Any],
    strength: NDArray[Any],
    two_m: float,
) -> float:
    """Return the modularity of a partition."""
    inside = 0.0
    total = np.zeros(membership.size)
    for v in range(membership.size):
        total[membership[v]] += strength[v]
        for e in range(indptr[v], indptr[v + 1]):
            if membership[indices[e]] == membership[v]:
                inside += weights[e]
    value = inside / two_m
    for x in total:
        value -= (x / two_m) ** 2
    return value
