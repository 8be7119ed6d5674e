"""Scores on the CPU: the whole matrix, or slices of its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from . import _node_kernels as nodes
from . import _path_kernels as paths
from ._bipartite import Bipartite
from ._rules import Rule
from ._threads import over_rows
from .ties import snap_ties

# From this density on, multiplying whole rows beats visiting links.
_DENSE = 0.07
# Contributions of pairs on the target's side are kept as a matrix up to this size.
_LARGEST_KEPT = 6144
# The same for the node rules, where it is a product of matrices, this many numbers at a time.
_DENSE_NODES = 0.1
_SLICE = 2**22

Kernel = Callable[[int, int, np.ndarray], None]
Tables = tuple[np.ndarray, np.ndarray, int]


def matrix(layer: Bipartite, rule: Rule, threads: int | None = None) -> np.ndarray:
    """Return all scores, float64 of shape (n_source, n_target)."""
    if rule.on == "path":
        # The cost is the same from either side; memory is less when the shorter side is the target.
        if layer.n_target > layer.n_source:
            return np.ascontiguousarray(matrix(layer.transposed, rule, threads).T)
        scores = _path_matrix(layer, rule, threads)
    else:
        scores = _node_matrix(layer, rule, threads)
    return snap_ties(scores)


def _tables(layer: Bipartite, rule: Rule) -> Tables:
    numerator, inverse = rule.tables(layer.largest_degree)
    return numerator, inverse, rule.share


def n_paths(layer: Bipartite) -> float:
    """Return how many walks of three links there are: the steps of the path rules."""
    into, out_of = np.diff(layer.tptr), np.diff(layer.ptr)
    through = np.repeat(out_of, out_of).astype(np.float64)
    return float(through @ into[layer.idx])


def row_kernel(layer: Bipartite, rule: Rule) -> Kernel:
    """Return a function that scores rows ``low`` to ``high`` into zeros, in little memory."""
    tables = _tables(layer, rule)
    if keeps_contributions(layer, rule):
        return _kept_kernel(layer, tables)
    kernel = paths.sparse_rows if rule.on == "path" else nodes.node_rows
    return lambda low, high, out: kernel(*layer.arrays, *tables, low, high, out)


def keeps_contributions(layer: Bipartite, rule: Rule) -> bool:
    """Whether it pays to hold a matrix of what each target-side pair contributes."""
    small = layer.n_target <= _LARGEST_KEPT
    return rule.on == "path" and small and 3 * n_paths(layer) >= layer.n_links * layer.n_target


def sparse_candidates(
    layer: Bipartite, rule: Rule, low: int, high: int, least: Callable[[], float]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield keys and scores above ``least()`` of some rows, never holding more than one row."""
    tables = _tables(layer, rule)
    kernel = paths.sparse_candidates if rule.on == "path" else nodes.node_candidates
    keys = np.empty(max(_SLICE, layer.n_target), np.int64)
    scores = np.empty(len(keys))
    while low < high:
        # Scores are rounded after they are found: let those at the edge of the threshold pass.
        edge = least() * (1 - 1e-11)
        n, low = kernel(*layer.arrays, *tables, low, high, edge, keys, scores)
        yield keys[:n].copy(), snap_ties(scores[:n].copy())


def _kept_kernel(layer: Bipartite, tables: Tables) -> Kernel:
    """Score rows with the contributions of all pairs on the target's side at hand."""
    f = np.empty((layer.n_target, layer.n_target))
    back = layer.transposed
    paths.contributions(*back.arrays, *tables, 0, layer.n_target, f)
    # Seen from v by row so far; the kernels run along v for a fixed neighbour.
    f = np.ascontiguousarray(f.T)
    strips = _strips(layer) if layer.density >= _DENSE else None

    def rows(low: int, high: int, out: np.ndarray) -> None:
        g = np.empty((high - low, layer.n_source))
        paths.contributions(*layer.arrays, *tables, low, high, g)
        if strips is None:
            paths.scatter_rows(*layer.arrays, g, f, low, high, out)
        else:
            paths.dense_rows(*layer.arrays, g, f, strips, low, high, out)

    return rows


def _strips(layer: Bipartite) -> np.ndarray:
    n_strips = -(-layer.n_target // paths.STRIP)
    padded = np.zeros((layer.n_source, n_strips * paths.STRIP), np.float32)
    padded[:, : layer.n_target] = layer.dense()
    strips = padded.reshape(layer.n_source, n_strips, paths.STRIP)
    return np.ascontiguousarray(strips.transpose(1, 0, 2))


def _path_matrix(layer: Bipartite, rule: Rule, threads: int | None) -> np.ndarray:
    scores = np.zeros((layer.n_source, layer.n_target))
    kernel = row_kernel(layer, rule)
    over_rows(
        lambda low, high: kernel(low, high, scores[low:high]),
        layer.n_source,
        threads,
        n_paths(layer),
    )
    return scores


def _node_matrix(layer: Bipartite, rule: Rule, threads: int | None) -> np.ndarray:
    scores = np.zeros((layer.n_source, layer.n_target))
    if layer.density >= _DENSE_NODES:
        _add_by_products(layer, layer.dense(), rule, scores)
        _add_by_products(layer.transposed, layer.transposed.dense(), rule, scores.T)
        nodes.clear_links(layer.ptr, layer.idx, 0, layer.n_source, scores)
        return scores
    for side in (layer, layer.transposed):
        forward = side is layer

        def work(low: int, high: int, side: Bipartite = side, forward: bool = forward) -> None:
            if forward:
                _own_side(side, rule, low, high, scores[low:high])
            else:
                block = np.zeros((high - low, side.n_target))
                _own_side(side, rule, low, high, block)
                nodes.add_transposed(block, low, scores)

        over_rows(work, side.n_source, threads, n_paths(side))
    nodes.clear_links(layer.ptr, layer.idx, 0, layer.n_source, scores)
    return scores


def _own_side(side: Bipartite, rule: Rule, low: int, high: int, out: np.ndarray) -> None:
    tables = _tables(side, rule)
    nodes.own_side_rows(*side.arrays, *tables, low, high, out)


def _add_by_products(side: Bipartite, dense: np.ndarray, rule: Rule, scores: np.ndarray) -> None:
    """Add what the neighbours on the side's own side contribute, by products of matrices."""
    degree = np.diff(side.ptr).astype(np.float64)
    wide = dense.astype(np.float64)
    step = max(1, _SLICE // side.n_source)
    for low in range(0, side.n_source, step):
        # Counts below 2^24 are exact in float32.
        shared = (dense[low : low + step] @ dense.T).astype(np.float64)
        weight = np.where(shared > 0, rule.contribution(degree, shared), 0.0)
        scores[low : low + step] += weight @ wide
