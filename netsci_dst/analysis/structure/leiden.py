"""The Leiden algorithm for modularity, with annealing and moves on the way back down the levels.

Kept beside igraph's because it finds a better optimum in less time than igraph's takes to
converge: see ``benchmarks/own_kernels.py``. Three things differ from the published algorithm. The
refinement is more random than the usual 0.01, and nodes move also while the levels are undone
(Rotta and Noack 2011), which reaches in one pass what takes three to six without. After the first
pass the nodes are annealed (Kirkpatrick, Gelatt and Vecchi 1983; for modularity Guimerà and
Amaral 2005), but only among the communities that it found: some sixty sweeps, each as cheap as one
round of local moves. Parts are refined up to whole communities, also where no part moves on the
way: only large parts leave a community that was merged too early.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .leiden_annealing import anneal
from .leiden_kernels import aggregate, move, quality, refine, renumber

_THETA = 0.2  # randomness of the refinement, in links
_MAX_PASSES = 200
# Best of those tried on random, layered, attachment and planted graphs of mean degree 4 to 70:
_HOTTEST = 0.17  # first temperature, in mean weights of a link, over the root of the mean degree


class _Level(NamedTuple):
    """A graph in compressed rows, with the strength of its nodes."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    weights: NDArray[Any]
    strength: NDArray[np.float64]


def leiden(
    matrix: Any, seed: int, n: int, tolerance: float = 0.0, threads: int = 1, sweeps: int = 60
) -> list[NDArray[np.int64]]:
    """Return the memberships of ``n`` seeded runs on a symmetric CSR matrix without self-loops.

    A boolean matrix has links of weight 1. Each run repeats whole passes from its own result until
    modularity grows by no more than ``tolerance`` in one, or in two one after the other where the
    tolerance is above 0: gains vary by chance. After the first pass come ``sweeps`` of annealing.
    The result does not depend on ``threads``.

    References
    ----------
    Traag, Waltman and van Eck, Sci. Rep. 9, 5233 (2019), algorithm A.2; Rotta and Noack, ACM J.
    Exp. Algorithmics 16, 2.3 (2011).
    """
    graph = _level(matrix)
    seeds = [int(s.generate_state(1)[0]) for s in np.random.SeedSequence(seed).spawn(n)]
    if threads == 1 or n == 1:
        return [_run(graph, s, tolerance, sweeps) for s in seeds]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda s: _run(graph, s, tolerance, sweeps), seeds))


def _level(matrix: Any) -> _Level:
    indptr = np.asarray(matrix.indptr, dtype=np.int64)
    indices = np.asarray(matrix.indices, dtype=np.int32)
    if matrix.dtype == bool:
        weights = np.ones(indices.size, dtype=np.float32 if indices.size < 2**24 else np.float64)
        return _Level(indptr, indices, weights, np.diff(indptr).astype(np.float64))
    weights = np.asarray(matrix.data, dtype=np.float64)
    row = np.repeat(np.arange(indptr.size - 1), np.diff(indptr))
    strength = np.bincount(row, weights=weights, minlength=indptr.size - 1)
    return _Level(indptr, indices, weights, strength.astype(np.float64))


def _run(graph: _Level, seed: int, tolerance: float, sweeps: int) -> NDArray[np.int64]:
    membership = np.arange(graph.strength.size, dtype=np.int32)
    two_m, best = graph.strength.sum(), -1.0
    state = np.array([seed + 1], dtype=np.uint64)
    small, enough = 0, 2 if tolerance > 0 else 1
    for passed in range(_MAX_PASSES):
        new = membership.copy()
        if passed == 1:
            anneal(*graph, new, two_m, state, _hottest(graph), sweeps)
        new = _pass(graph, new, two_m, state)
        value = quality(graph.indptr, graph.indices, graph.weights, new, graph.strength, two_m)
        gain = value - best
        if gain > 0:
            best, membership = value, new
        small = small + 1 if gain <= max(tolerance, 1e-12) else 0
        if small == enough:
            break
    return _connected(graph, membership)


def _hottest(graph: _Level) -> float:
    links, nodes = graph.indices.size, graph.strength.size
    return _HOTTEST * float(graph.strength.sum()) / links * float(np.sqrt(links / nodes))


def _connected(graph: _Level, membership: NDArray[np.int32]) -> NDArray[np.int64]:
    """Split communities that hang together through others: each part is worth more alone."""
    import scipy.sparse
    from scipy.sparse.csgraph import connected_components

    row = np.repeat(np.arange(membership.size, dtype=np.int32), np.diff(graph.indptr))
    inside = membership[row] == membership[graph.indices]
    ends = (row[inside], graph.indices[inside])
    part = scipy.sparse.coo_array((np.ones(ends[0].size, bool), ends), shape=2 * membership.shape)
    return connected_components(part.tocsr(), directed=False)[1].astype(np.int64)


def _pass(
    graph: _Level, level: NDArray[np.int32], two_m: float, state: NDArray[np.uint64]
) -> NDArray[np.int32]:
    """Up through the levels by refinement and aggregation, and down again, with local moves."""
    below: list[tuple[_Level, NDArray[np.int32]]] = []
    while True:
        move(*graph, level, two_m, state)
        if renumber(level) == level.size:
            break
        refined = refine(*graph, level, two_m, state, _THETA)
        groups = renumber(refined)
        if groups == level.size:
            break
        below.append((graph, refined))
        graph, level = _above(graph, refined, groups, level)
    for graph, refined in reversed(below):
        level = level[refined]
        move(*graph, level, two_m, state)
        renumber(level)
    return level


def _above(
    graph: _Level, refined: NDArray[np.int32], groups: int, level: NDArray[np.int32]
) -> tuple[_Level, NDArray[np.int32]]:
    links = aggregate(graph.indptr, graph.indices, graph.weights, refined, groups)
    strength = np.bincount(refined, weights=graph.strength, minlength=groups).astype(np.float64)
    above = np.empty(groups, dtype=np.int32)
    above[refined] = level
    return _Level(*links, strength), above
