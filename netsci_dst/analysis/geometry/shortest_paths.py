"""All-pairs shortest paths on weighted undirected graphs, many sources at a time.

Sources are relaxed in blocks of `LANES`, so that one pass over a node's links serves a whole
block with vector instructions; nodes whose neighbours did not change are skipped. Every link
longer than the distance between its ends lies on no shortest path: once known, it is dropped.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

if TYPE_CHECKING:
    import scipy.sparse

LANES = 128
_SLOW = 40  # relaxations per link beyond which one heap per source is the better way


@njit(cache=True, nogil=True, fastmath={"nnan", "nsz"})
def _relax(indptr, indices, weights, sources, distance, dirty):
    """Fill ``distance[v, k]`` from ``sources[k]``; return the number of links relaxed."""
    n, lanes = distance.shape
    best = np.empty(lanes)
    distance[:] = np.inf
    dirty[:] = 0
    for k in range(sources.size):
        s = sources[k]
        distance[s, k] = 0.0
        for e in range(indptr[s], indptr[s + 1]):
            dirty[indices[e]] = 1
    relaxed = 0
    forward = True
    active = True
    while active:
        active = False
        for i in range(n):
            v = i if forward else n - 1 - i
            if not dirty[v]:
                continue
            dirty[v] = 0
            for k in range(lanes):
                best[k] = distance[v, k]
            for e in range(indptr[v], indptr[v + 1]):
                u = indices[e]
                w = weights[e]
                for k in range(lanes):
                    via = distance[u, k] + w
                    best[k] = via if via < best[k] else best[k]
            relaxed += indptr[v + 1] - indptr[v]
            changed = False
            for k in range(lanes):
                changed |= best[k] < distance[v, k]
                distance[v, k] = best[k]
            if changed:
                active = True
                for e in range(indptr[v], indptr[v + 1]):
                    dirty[indices[e]] = 1
        forward = not forward
    return relaxed


@njit(cache=True, nogil=True)
def _drop_long_links(indptr, indices, weights, distance, first, count):
    """Drop, in place, the links of nodes ``first .. first+count-1`` that no path needs."""
    n = indptr.size - 1
    kept = 0
    start = 0
    for v in range(n):
        end = indptr[v + 1]
        for e in range(start, end):
            u = indices[e]
            needed = True
            if first <= v < first + count:
                needed = weights[e] <= distance[u, v - first]
            elif first <= u < first + count:
                needed = weights[e] <= distance[v, u - first]
            if needed:
                indices[kept] = u
                weights[kept] = weights[e]
                kept += 1
        start = end
        indptr[v + 1] = kept
    return kept


@njit(cache=True, nogil=True)
def _store(distance, rows, count, out, first):
    for v in range(rows):
        for k in range(count):
            out[v, first + k] = distance[v, k]


def threads() -> int:
    """Return how many threads the environment grants to numeric code."""
    asked = os.environ.get("OMP_NUM_THREADS") or os.environ.get("NUMBA_NUM_THREADS") or ""
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def all_pairs(graph: scipy.sparse.csr_array) -> NDArray[np.float64]:
    """Return the ``(n, n)`` matrix of distances; infinite where no path joins two nodes.

    Parameters
    ----------
    graph
        Symmetric, with positive lengths as data. It goes fastest when nodes are in decreasing
        order of degree.
    """
    from scipy.sparse.csgraph import dijkstra

    n = graph.indptr.size - 1
    indptr = graph.indptr.astype(np.int64)
    indices = graph.indices.astype(np.int32)
    weights = graph.data.astype(np.float64)
    out = np.empty((n, n))
    starts = list(range(0, n, LANES))
    n_links = max(weights.size, 1)
    distance, dirty = np.empty((n, LANES)), np.empty(n, np.uint8)
    alone = min(len(starts), 8)
    for block, first in enumerate(starts[:alone]):
        count = min(LANES, n - first)
        relaxed = _relax(indptr, indices, weights, np.arange(first, first + count), distance, dirty)
        if block == 0 and relaxed > _SLOW * n_links:
            return dijkstra(graph, directed=True)
        _store(distance, n, count, out, first)
        _drop_long_links(indptr, indices, weights, distance, first, count)

    def work(mine: list[int]) -> None:
        distance, dirty = np.empty((n, LANES)), np.empty(n, np.uint8)
        for first in mine:
            count = min(LANES, n - first)
            sources = np.arange(first, first + count)
            _relax(indptr, indices, weights, sources, distance, dirty)
            _store(distance, n, count, out, first)

    rest = starts[alone:]
    workers = min(threads(), len(rest))
    if workers <= 1:
        work(rest)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, [rest[i::workers] for i in range(workers)]))
    return out


def from_sources(graph: scipy.sparse.csr_array, sources: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return distances ``(n, len(sources))`` from a few sources to every node."""
    n = graph.indptr.size - 1
    indptr = graph.indptr.astype(np.int64)
    indices = graph.indices.astype(np.int32)
    weights = graph.data.astype(np.float64)
    lanes = min(32, max(sources.size, 1))
    out = np.empty((n, sources.size))
    distance, dirty = np.empty((n, lanes)), np.empty(n, np.uint8)
    for first in range(0, sources.size, lanes):
        chosen = np.asarray(sources[first : first + lanes], dtype=np.int64)
        _relax(indptr, indices, weights, chosen, distance, dirty)
        _store(distance, n, chosen.size, out, first)
    return out
