"""Which links of a large network are drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..topology import Layer, Topology


def drawn_links(
    topology: Topology, cap: int, core: NDArray[np.int64]
) -> tuple[list[NDArray[np.int64]], str]:
    """Return per layer the sorted keys of at most ``cap`` links in all, and how they were chosen.

    Each layer gives in proportion to its links: the strongest by weight or, without weights, those
    between the innermost k-shells and the best linked nodes.
    """
    total = topology.n_links
    weighted = all(layer.weights is not None for layer in topology.layers)
    kept = []
    for layer in topology.layers:
        share = layer.n_links if total <= cap else max(1, round(cap * layer.n_links / total))
        if share >= layer.n_links:
            kept.append(layer.keys)
            continue
        weights = layer.weights if weighted else None
        score = _inner(topology, layer, core) if weights is None else np.abs(weights)
        best = np.argpartition(-score, share)[:share]
        kept.append(np.sort(layer.keys[best]))
    return kept, "strongest by weight" if weighted else "links between the best linked"


def _inner(topology: Topology, layer: Layer, core: NDArray[np.int64]) -> NDArray[np.float64]:
    u = core[topology.nodes(layer.source)][layer.sources]
    v = core[topology.nodes(layer.target)][layer.indices]
    # Degrees break the many ties between shells.
    degree = topology.degrees.astype(float)
    finer = degree[topology.nodes(layer.source)][layer.sources]
    finer = finer + degree[topology.nodes(layer.target)][layer.indices]
    return np.minimum(u, v) + finer / (finer.max() + 1)
