"""The two sides of a bipartite graph."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...topology import Topology


def sides(matrix: Any) -> NDArray[np.int8] | None:
    """Return side 0 or 1 of each node of a symmetric CSR matrix; None with an odd cycle.

    The first node of each component is on side 0.
    """
    from scipy.sparse.csgraph import dijkstra

    from ..paths.distances import components

    _, first = np.unique(components(matrix), return_index=True)
    away = dijkstra(matrix, indices=first, unweighted=True, min_only=True)
    side = (away.astype(np.int64) % 2).astype(np.int8)
    row = np.repeat(side, np.diff(matrix.indptr))
    return side if (row != side[matrix.indices]).all() else None


def is_bipartite(matrix: Any) -> bool:
    """Return whether a symmetric CSR matrix has links and no odd cycle."""
    return matrix.nnz > 0 and sides(matrix) is not None


def kept_sides(topology: Topology) -> NDArray[np.int8] | None:
    """Return the sides of a network that joins two kinds of nodes; None for any other.

    A tree has no odd cycle either, but its sides mean nothing: the network must have a cycle.
    """
    from ..paths.distances import components

    if topology.is_layered or topology.n_links == 0:
        return None
    matrix = topology.to_scipy()
    parts = int(components(matrix).max()) + 1
    return sides(matrix) if matrix.nnz // 2 > matrix.shape[0] - parts else None


def as_topology(graph: Any) -> Topology:
    """Return a topology: the graph's own, two layers of a bipartite graph, or one network.

    The nodes of a bipartite graph given without layers are reordered side by side.
    """
    from ...graphs import as_adjacency

    topology = getattr(graph, "topology", graph)
    if isinstance(topology, Topology):
        return topology
    matrix = as_adjacency(graph)
    side = sides(matrix) if matrix.nnz else None
    if side is None:
        return Topology.network(matrix)
    return Topology.chain([matrix[side == 0][:, side == 1]])
