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
    from scipy.sparse.csgraph import breadth_first_order

    from ..paths.distances import components

    labels = components(matrix)
    side = np.full(labels.size, -1, dtype=np.int8)
    side[np.diff(matrix.indptr) == 0] = 0
    _, first = np.unique(labels, return_index=True)
    for root in first:
        if side[root] < 0:
            order, before = breadth_first_order(matrix, root, directed=False)
            side[root] = 0
            for node in order[1:].tolist():
                side[node] = 1 - side[before[node]]
    row = np.repeat(side, np.diff(matrix.indptr))
    return side if (row != side[matrix.indices]).all() else None


def is_bipartite(matrix: Any) -> bool:
    """Return whether a symmetric CSR matrix has links and no odd cycle."""
    return matrix.nnz > 0 and sides(matrix) is not None


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
