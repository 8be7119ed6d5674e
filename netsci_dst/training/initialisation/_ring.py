"""Two populations on one ring: who is nearest to whom."""

from __future__ import annotations

import numpy as np


def nearest(n_nodes: int, n_other: int, degrees: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Link each node to its ``degrees`` nearest on the other side.

    Node ``i`` sits at ``i * n_other / n_nodes`` between the nodes of the other side.

    Returns
    -------
    tuple of numpy.ndarray
        Node and other end of each link, grouped by node.
    """
    node = np.repeat(np.arange(n_nodes), degrees)
    step = np.arange(len(node)) - np.repeat(np.cumsum(degrees) - degrees, degrees)
    # ceil(position - degree / 2) in integers: exact however large the layer.
    twice = 2 * np.arange(n_nodes) * n_other - degrees * n_nodes
    start = -((-twice) // (2 * n_nodes))
    return node, (start[node] + step) % n_other


def spread_evenly(total: int, n: int) -> np.ndarray:
    """Return ``n`` counts that add up to ``total`` and differ by at most one, spaced evenly."""
    return np.diff(np.arange(n + 1) * total // n)
