"""Shortest paths along directions and with weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..directions import arcs
from .sampling import drawn_sources

__all__ = ["DirectedPathLengths", "directed_path_lengths"]

_AT_ONCE = 256  # searches whose distances are held together


@dataclass(frozen=True)
class DirectedPathLengths:
    """Lengths of shortest paths that follow directions and weights.

    Attributes
    ----------
    characteristic
        Mean length over the ordered pairs that a path joins; NaN without any.
    efficiency
        Mean of 1/length over all ordered pairs, 0 for pairs without a path.
    reachable_share
        Share of ordered pairs that a path joins.
    samples
        Number of nodes from which paths were followed.
    """

    characteristic: float
    efficiency: float
    reachable_share: float
    samples: int


def directed_path_lengths(
    graph: Any, weighted: bool = True, samples: int | None = 1024, seed: int = 0
) -> DirectedPathLengths:
    """Measure shortest paths along the directions of a graph, where it has them.

    Parameters
    ----------
    graph
        A graph of any accepted kind.
    weighted
        The length of a link is one over its weight, so that strong links are short (Newman 2001);
        otherwise 1.
    samples
        Follow paths from so many nodes, drawn at random; None for all nodes.
    seed
        Seeds the draw.

    Returns
    -------
    DirectedPathLengths
        Mean, efficiency, and the share of pairs that a path joins.

    References
    ----------
    Dijkstra 1959; Newman, Phys. Rev. E 64, 016132 (2001).

    Examples
    --------
    >>> import networkx as nx
    >>> directed_path_lengths(nx.path_graph(3, create_using=nx.DiGraph)).reachable_share
    0.5
    """
    from scipy.sparse.csgraph import dijkstra

    given = arcs(graph, weights=weighted)
    matrix, n = given.matrix.copy(), given.matrix.shape[0]
    matrix.data = 1.0 / matrix.data
    drawn = drawn_sources(n, samples, seed)
    sources = np.arange(n) if drawn is None else drawn
    total, inverse, reached = 0.0, 0.0, 0
    for start in range(0, sources.size, _AT_ONCE):
        found = dijkstra(matrix, indices=sources[start : start + _AT_ONCE], unweighted=not weighted)
        lengths = found[np.isfinite(found) & (found > 0)]
        total += float(lengths.sum())
        inverse += float((1.0 / lengths).sum())
        reached += lengths.size
    pairs = sources.size * (n - 1)
    nan = float("nan")
    return DirectedPathLengths(
        total / reached if reached else nan,
        inverse / pairs if pairs else nan,
        reached / pairs if pairs else nan,
        int(sources.size),
    )
