"""Where the nodes of a network are drawn: by springs, components beside one another."""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray

from ...graphs import as_igraph
from ...topology import Topology

MOST_SPRINGS = 4000
SEED = 7


def spring_layout(topology: Topology) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y in the unit square; the same network is always drawn the same way.

    Fruchterman and Reingold's springs up to some thousand nodes, DrL's multilevel ones beyond.
    """
    import igraph

    graph = as_igraph(topology)
    n = graph.vcount()
    igraph.set_random_number_generator(random.Random(SEED))
    try:
        start = np.random.default_rng(SEED).normal(size=(n, 2)).tolist()
        if n <= MOST_SPRINGS:
            made = graph.layout_fruchterman_reingold(seed=start, niter=500 if n < 1000 else 250)
        else:
            made = graph.layout_drl(seed=start, options="coarsest")
    finally:
        igraph.set_random_number_generator(random)
    return _fitted(np.array(made.coords, dtype=float), topology)


def _fitted(
    places: NDArray[np.float64], topology: Topology
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Turn the long side to the width; far outliers are drawn in, so that the rest has room."""
    linked = topology.degrees > 0
    core = places[linked] if linked.sum() > 2 else places
    centred = places - np.median(core, axis=0)
    axes = (
        np.linalg.svd(core - core.mean(axis=0), full_matrices=False)[2] if len(core) > 2 else None
    )
    if axes is not None and axes.shape == (2, 2):
        centred = centred @ axes.T
    out = []
    for axis in (0, 1):
        values = centred[:, axis]
        low, high = np.percentile(values[linked] if linked.any() else values, [0.5, 99.5])
        span = (high - low) or 1.0
        squeezed = np.clip((values - low) / span, -0.08, 1.08)
        out.append(0.02 + 0.96 * (squeezed + 0.08) / 1.16)
    return out[0], out[1]
