"""Where the nodes of a network are drawn: by springs, components beside one another."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graphs import as_adjacency, as_igraph
from ...topology import Topology

MOST_SPRINGS = 4000
MOST_GROUPS = 400
SEED = 7


def spring_layout(topology: Topology) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y in the unit square; the same network is always drawn the same way.

    Fruchterman and Reingold's springs up to some thousand nodes; beyond, the springs place the
    communities, and each node lies in the disc of its own, drawn towards its neighbours.
    """
    if topology.n_nodes <= MOST_SPRINGS:
        return _fitted(_springs(as_igraph(topology)), topology)
    return _fitted(_by_communities(topology), topology)


def _springs(graph: Any, weights: list[float] | None = None) -> NDArray[np.float64]:
    import igraph

    n = graph.vcount()
    start = np.random.default_rng(SEED).normal(size=(n, 2)).tolist()
    igraph.set_random_number_generator(random.Random(SEED))
    try:
        made = graph.layout_fruchterman_reingold(
            seed=start, niter=500 if n < 1000 else 250, weights=weights
        )
    finally:
        igraph.set_random_number_generator(random)
    return np.array(made.coords, dtype=float).reshape(-1, 2)


def _by_communities(topology: Topology) -> NDArray[np.float64]:
    import igraph
    import scipy.sparse

    from ...analysis import modularity

    # Those of single nodes and the smallest share the last place.
    of = np.minimum(modularity(topology, SEED, 1, 1e-3).membership, MOST_GROUPS - 1)
    sizes = np.bincount(of)
    matrix = as_adjacency(topology)
    row = np.repeat(of, np.diff(matrix.indptr))
    between = scipy.sparse.coo_array(
        (np.ones(row.size), (row, of[matrix.indices])), shape=(sizes.size, sizes.size)
    ).tocsr()
    u, v = scipy.sparse.triu(between, 1).nonzero()
    graph = igraph.Graph(n=sizes.size, edges=np.column_stack([u, v]).tolist())
    strength = np.log1p(np.asarray(between[u, v]).ravel()).tolist()
    radius = np.sqrt(sizes / sizes.sum())
    places = _apart(_springs(graph, strength), radius)[of] + _discs(of, sizes, radius)
    degree = np.maximum(np.diff(matrix.indptr), 1)[:, None]
    for _ in range(3):
        places = 0.65 * places + 0.35 * (matrix @ places) / degree
    return places


def _apart(centres: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.float64]:
    """Push discs apart that lie over one another, from a drawing about as large as all of them."""
    spread = np.sqrt((centres - centres.mean(axis=0)).var(axis=0).sum()) or 1.0
    centres = (centres - centres.mean(axis=0)) / spread
    least = 0.9 * (radius[:, None] + radius[None, :])
    for _ in range(60):
        apart = centres[:, None, :] - centres[None, :, :]
        distance = np.sqrt((apart**2).sum(axis=2)) + np.eye(len(radius))
        push = np.clip(least - distance, 0, None)
        np.fill_diagonal(push, 0)
        if not push.any():
            break
        moved = (apart * (push / distance)[:, :, None]).sum(axis=1)
        centres = centres + 0.3 * moved
    return centres


def _discs(
    of: NDArray[np.int64], sizes: NDArray[np.int64], radius: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the place of each node in the disc of its community, evenly spread as in a flower."""
    order = np.argsort(of, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    rank = np.empty(of.size)
    rank[order] = np.arange(of.size) - np.repeat(starts, sizes)
    far = radius[of] * np.sqrt((rank + 0.5) / sizes[of])
    turn = rank * np.pi * (3 - np.sqrt(5))
    return np.column_stack([far * np.cos(turn), far * np.sin(turn)])


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
