"""Breadth-first search from all nodes: numbers of nodes at each distance, without the matrix."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

_WORDS = 8  # 512 searches at once
_LONG = 300  # from this eccentricity on, one search after another is quicker


class Distances(NamedTuple):
    """For each node, what lies within reach of it (itself left out)."""

    reach: NDArray[np.int64]
    farness: NDArray[np.int64]
    harmonic: NDArray[np.float64]
    pairs: NDArray[np.int64]  # ordered pairs (source among the sources) at each distance


def distances(matrix: Any, sources: NDArray[np.int64] | None = None) -> Distances:
    """Search from the sources (all nodes by default) of a symmetric boolean CSR matrix.

    With fewer sources than nodes the sums for a node run over the sources that reach it.
    """
    n = matrix.shape[0]
    indptr = np.asarray(matrix.indptr, dtype=np.int64)
    indices = np.asarray(matrix.indices, dtype=np.int32)
    start = np.arange(n, dtype=np.int64) if sources is None else np.asarray(sources, np.int64)
    kernel = _one_by_one if n and _eccentricity(indptr, indices) > _LONG else _together
    reach = np.zeros(n, dtype=np.int64)
    farness = np.zeros(n, dtype=np.int64)
    harmonic = np.zeros(n)
    pairs = np.zeros(max(n, 1), dtype=np.int64)
    kernel(indptr, indices, start, reach, farness, harmonic, pairs)
    longest = int(np.flatnonzero(pairs).max(initial=0))
    return Distances(reach, farness, harmonic, pairs[: longest + 1])


def components(matrix: Any) -> NDArray[np.int32]:
    """Return the component of each node, numbered from the largest (ties: first node first)."""
    from scipy.sparse.csgraph import connected_components

    _, labels = connected_components(matrix, directed=False)
    sizes = np.bincount(labels)
    rank = np.empty(sizes.size, dtype=np.int32)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(sizes.size, dtype=np.int32)
    return rank[labels]


def largest_components(matrix: Any) -> tuple[NDArray[np.bool_], int]:
    """Return which nodes lie in a component that none exceeds, and how many such there are."""
    labels = components(matrix)
    sizes = np.bincount(labels)
    times = int((sizes == sizes.max()).sum())
    return labels < times, times


@njit(cache=True, nogil=True)
def _search(indptr, indices, source, level, queue):
    """Put the nodes within reach into ``queue``, their distances into ``level``; return how many.

    ``level`` comes in as −1 everywhere.
    """
    queue[0] = source
    level[source] = 0
    head, tail = 0, 1
    while head < tail:
        v = queue[head]
        head += 1
        for e in range(indptr[v], indptr[v + 1]):
            u = indices[e]
            if level[u] < 0:
                level[u] = level[v] + 1
                queue[tail] = u
                tail += 1
    return tail


@njit(cache=True, nogil=True)
def _eccentricity(indptr, indices):
    # Of the node with most links, which lies in the component that takes the time.
    n = indptr.size - 1
    first = 0
    for v in range(n):
        if indptr[v + 1] - indptr[v] > indptr[first + 1] - indptr[first]:
            first = v
    level = np.full(n, -1, dtype=np.int32)
    queue = np.empty(n, dtype=np.int32)
    reached = _search(indptr, indices, first, level, queue)
    return level[queue[reached - 1]]


@njit(cache=True, nogil=True)
def _one_by_one(indptr, indices, sources, reach, farness, harmonic, pairs):
    n = indptr.size - 1
    level = np.full(n, -1, dtype=np.int32)
    queue = np.empty(n, dtype=np.int32)
    for source in sources:
        for i in range(_search(indptr, indices, source, level, queue)):
            v = queue[i]
            d = level[v]
            level[v] = -1
            if d > 0:
                reach[v] += 1
                farness[v] += d
                harmonic[v] += 1.0 / d
                pairs[d] += 1


@njit(cache=True, nogil=True)
def _ones(x):
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True)
def _together(indptr, indices, sources, reach, farness, harmonic, pairs):
    """Level by level, one bit per search."""
    n = indptr.size - 1
    zero = np.uint64(0)
    everything = ~zero
    for first in range(0, sources.size, 64 * _WORDS):
        count = min(64 * _WORDS, sources.size - first)
        visited = np.zeros((n, _WORDS), dtype=np.uint64)
        front = np.zeros((n, _WORDS), dtype=np.uint64)
        for w in range(_WORDS):  # searches that are not there count as finished
            left = min(64, max(0, count - 64 * w))
            absent = everything if left == 0 else zero
            if 0 < left < 64:
                absent = everything << np.uint64(left)
            for v in range(n):
                visited[v, w] = absent
        for i in range(count):
            bit = np.uint64(1) << np.uint64(i % 64)
            visited[sources[first + i], i // 64] |= bit
            front[sources[first + i], i // 64] |= bit
        new = np.empty_like(front)
        acc = np.empty(_WORDS, dtype=np.uint64)
        d = 0
        growing = True
        while growing:
            growing = False
            d += 1
            for v in range(n):
                done = True
                for w in range(_WORDS):
                    new[v, w] = zero
                    acc[w] = zero
                    done = done and visited[v, w] == everything
                if done:
                    continue
                for e in range(indptr[v], indptr[v + 1]):
                    u = indices[e]
                    for w in range(_WORDS):
                        acc[w] |= front[u, w]
                found = 0
                for w in range(_WORDS):
                    bits = acc[w] & ~visited[v, w]
                    if bits != zero:
                        new[v, w] = bits
                        visited[v, w] |= bits
                        found += _ones(bits)
                if found:
                    growing = True
                    reach[v] += found
                    farness[v] += found * d
                    harmonic[v] += found / d
                    pairs[d] += found
            front, new = new, front
