"""How good an embedding is: greedy routing, and how close two embeddings are to each other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...checks import whole_number
from ...errors import NetsciError
from ...graphs import as_adjacency
from ...snapshots import Snapshot
from ..measure import Value, measure
from .embedding import Embedding, embedded_scopes, embedding_seconds

__all__ = [
    "GreedyRouting",
    "align_angles",
    "greedy_routing",
    "hyperbolic_distance_correlation",
    "hyperbolic_distances",
]

# Beyond it, the product of two hyperbolic cosines is no finite number.
_FARTHEST = 350.0


@dataclass(frozen=True)
class GreedyRouting:
    """How far greedy routing on an embedding carries.

    Attributes
    ----------
    success
        Share of ordered pairs of nodes whose route arrives.
    stretch
        Mean of route over shortest path among those that arrive, at least 1; NaN for none.
    score
        Mean over all pairs of shortest path over route, 0 where it does not arrive (GR-score).
    hops
        Mean length of the routes that arrive; NaN for none.
    pairs
        Number of ordered pairs tried.
    """

    success: float
    stretch: float
    score: float
    hops: float
    pairs: int


def greedy_routing(
    graph: Any, embedding: Embedding, targets: int | None = None, seed: int = 0
) -> GreedyRouting:
    """Send a packet between all pairs of placed nodes, always to the neighbour nearest the goal.

    A packet is dropped when it comes to a node for the second time; distances are hyperbolic.

    Parameters
    ----------
    graph
        The graph that was embedded.
    embedding
        Its coordinates.
    targets
        Route to this many random nodes only (from every node); None routes to all.
    seed
        Seeds the choice of targets.

    Returns
    -------
    GreedyRouting
        Success, stretch, score and hops over the pairs.

    Raises
    ------
    NetsciError
        If the embedding names nodes that the graph does not have, or there are more targets than
        nodes.

    References
    ----------
    Muscoloni et al. 2017, Methods; Boguñá, Papadopoulos, Krioukov, Nat. Commun. 1, 62 (2010).

    Examples
    --------
    >>> import networkx as nx
    >>> from netsci_dst.analysis import coalescent_embedding
    >>> karate = nx.karate_club_graph()
    >>> found = greedy_routing(karate, coalescent_embedding(karate))
    >>> found.pairs, found.success > 0.8
    (1122, True)
    """
    from . import navigation_kernels as kernels

    if not isinstance(embedding, Embedding):
        raise NetsciError(f"routing needs an Embedding, not {type(embedding).__name__}")
    adjacency: Any = as_adjacency(graph)
    nodes = embedding.nodes
    if nodes.size and nodes.max() >= adjacency.shape[0]:
        raise NetsciError(
            f"the embedding places node {nodes.max()}, but the graph has {adjacency.shape[0]} nodes"
        )
    inner = adjacency[nodes][:, nodes].tocsr().sorted_indices()
    goals = np.arange(nodes.size)
    if targets is not None:
        targets, seed = whole_number("targets", targets, 1), whole_number("seed", seed)
        if targets > nodes.size:
            raise NetsciError(f"targets must lie between 1 and {nodes.size}, not {targets}")
        goals = np.sort(np.random.default_rng(seed).choice(nodes.size, targets, replace=False))
    tried, won, length, stretch, score = kernels.route(
        inner.indptr.astype(np.int64),
        inner.indices.astype(np.int64),
        goals,
        *_frame(embedding.coordinates),
    )
    nan = float("nan")
    return GreedyRouting(
        won / tried if tried else nan,
        stretch / won if won else nan,
        score / tried if tried else nan,
        length / won if won else nan,
        int(tried),
    )


def hyperbolic_distances(embedding: Embedding | ArrayLike) -> NDArray[np.float64]:
    """Return the hyperbolic distances ``(n, n)`` between all placed nodes.

    Parameters
    ----------
    embedding
        An embedding, or coordinates with rows ``(theta, r)`` in the disk or
        ``(azimuth, elevation, r)`` in the ball.

    Returns
    -------
    numpy.ndarray
        Symmetric, with zeros on the diagonal, float64.

    Raises
    ------
    NetsciError
        If rows are not of two or three finite coordinates, or a radius is negative or too large.

    Notes
    -----
    ``cosh d = cosh r_i cosh r_j − sinh r_i sinh r_j cos Δ`` with Δ the angle between the radii
    (curvature −1; Muscoloni et al. 2017, equation 8).

    Examples
    --------
    >>> opposite = [(0.0, 1.0), (np.pi, 2.0)]
    >>> hyperbolic_distances(opposite).round(6).tolist()
    [[0.0, 3.0], [3.0, 0.0]]
    """
    from . import navigation_kernels as kernels

    frame = _frame(_coordinates(embedding))
    n = frame[1].size
    out = np.empty((n, n))
    for i in range(n):
        kernels.distances_from(i, *frame, out[i])
    return out


def hyperbolic_distance_correlation(
    true: Embedding | ArrayLike, embedding: Embedding | ArrayLike
) -> float:
    """Return the Pearson correlation of all pairwise hyperbolic distances (HD-correlation).

    Parameters
    ----------
    true, embedding
        Two embeddings, matched on the nodes that both place; or coordinates with rows
        ``(theta, r)`` or ``(azimuth, elevation, r)``. Coordinates given for all nodes of a graph
        match an embedding by its ``nodes``.

    Returns
    -------
    float
        From −1 to 1.

    Raises
    ------
    NetsciError
        If fewer than three nodes are common, or arrays of coordinates differ in length.

    Examples
    --------
    >>> theta, r = [0.0, 1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0]
    >>> points = np.column_stack([theta, r])
    >>> turned = np.column_stack([np.add(theta, 0.5), r])
    >>> round(hyperbolic_distance_correlation(points, turned), 6)
    1.0
    """
    from . import navigation_kernels as kernels

    first, second = _matched(true, embedding)
    if len(first) < 3:
        raise NetsciError(f"a correlation of distances needs 3 common nodes, not {len(first)}")
    return float(kernels.correlation_sums(_frame(first), _frame(second)))


def align_angles(
    previous: Embedding | Mapping[int, float],
    current: Embedding | Mapping[int, float],
    weights: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Turn, and if need be mirror, an embedding in the disk so that it lies closest to another.

    Of all rotations and reflections, the one that maximises ``Σ w cos(previous − current)`` over
    the nodes both place: the least chordal distance. Angular coordinates mean nothing beyond
    that freedom, so pictures of consecutive snapshots should be aligned first.

    Parameters
    ----------
    previous
        The embedding to follow, or a mapping from node to angle.
    current
        The embedding to turn.
    weights
        Weight of each node placed by ``current``, shape ``(n,)``; equal by default.

    Returns
    -------
    numpy.ndarray
        New angles of ``current``'s nodes in [0, 2π), shape ``(n,)``.

    Raises
    ------
    NetsciError
        If either lies in the ball, no node is common, or the weights are not one for each node.

    Examples
    --------
    >>> import numpy as np
    >>> turned = align_angles({0: 0.0, 1: 1.0, 2: 2.0}, {0: 0.5, 1: 1.5, 2: 2.5})
    >>> bool(np.allclose(np.exp(1j * turned), np.exp(1j * np.array([0.0, 1.0, 2.0]))))
    True
    """
    old_nodes, old = _nodes_and_angles(previous)
    new_nodes, new = _nodes_and_angles(current)
    common, i, j = np.intersect1d(old_nodes, new_nodes, return_indices=True)
    if common.size == 0:
        raise NetsciError("the two embeddings have no node in common to align by")
    weight = np.ones(new.size) if weights is None else np.asarray(weights, dtype=np.float64)
    if weight.shape != new.shape or not (weight >= 0).all() or weight[j].sum() == 0:
        raise NetsciError(f"the alignment needs {new.size} weights, none negative and not all 0")
    turned = weight[j] * np.exp(1j * (old[i] - new[j]))
    mirrored = weight[j] * np.exp(1j * (old[i] + new[j]))
    straight, flipped = turned.sum(), mirrored.sum()
    if abs(flipped) > abs(straight) * (1 + 1e-12):
        return np.mod(np.angle(flipped) - new, 2 * math.pi)
    return np.mod(new + np.angle(straight), 2 * math.pi)


def _nodes_and_angles(
    embedding: Embedding | Mapping[int, float],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    if isinstance(embedding, Mapping):
        return (
            np.fromiter(embedding.keys(), dtype=np.int64),
            np.fromiter(embedding.values(), dtype=np.float64),
        )
    if embedding.theta is None:
        raise NetsciError("only embeddings in the disk can be aligned by their angles")
    return embedding.nodes, embedding.theta


def _coordinates(embedding: Embedding | ArrayLike) -> NDArray[np.float64]:
    if isinstance(embedding, Embedding):
        return embedding.coordinates
    given = np.asarray(embedding)
    if given.ndim != 2 or given.shape[1] not in (2, 3) or given.dtype.kind not in "biuf":
        raise NetsciError(
            "coordinates need rows (theta, r) or (azimuth, elevation, r), "
            f"not {given.dtype} of shape {given.shape}"
        )
    given = given.astype(np.float64)
    if not np.isfinite(given).all() or (given[:, -1] < 0).any() or (given[:, -1] > _FARTHEST).any():
        raise NetsciError(f"coordinates must be finite, and radii between 0 and {_FARTHEST:g}")
    return given


def _matched(
    true: Embedding | ArrayLike, embedding: Embedding | ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = _coordinates(true), _coordinates(embedding)
    a = true.nodes if isinstance(true, Embedding) else None
    b = embedding.nodes if isinstance(embedding, Embedding) else None
    if a is not None and b is not None:
        _, i, j = np.intersect1d(a, b, return_indices=True)
        return first[i], second[j]
    for nodes, rows, other in ((b, first, second), (a, second, first)):
        if nodes is not None and len(rows) != len(other) and nodes.max() < len(rows):
            picked = rows[nodes]
            return (picked, other) if rows is first else (other, picked)
    if len(first) != len(second):
        raise NetsciError(f"coordinates of {len(first)} nodes do not match those of {len(second)}")
    return first, second


def _frame(
    coordinates: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return directions (angles, or unit vectors), radii, and their hyperbolic sine."""
    radius = np.ascontiguousarray(coordinates[:, -1])
    if coordinates.shape[1] == 2:
        directions = np.ascontiguousarray(np.mod(coordinates[:, :1], 2 * math.pi))
    else:
        azimuth, elevation = coordinates[:, 0], coordinates[:, 1]
        flat = np.cos(elevation)
        directions = np.column_stack(
            [flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)]
        )
    return directions, radius, np.sinh(radius)


@measure(
    "greedy_routing",
    tier="deep",
    shares="embedding",
    source="Muscoloni et al. 2017",
    summary="How well the hyperbolic disk guides a packet that sees only its neighbours.",
    estimate=lambda topology: (
        embedding_seconds(topology)
        + 3 * min(topology.n_nodes, 1000) * (1e-7 * topology.n_nodes + 2e-8 * topology.n_links)
    ),
    version=3,
)
def _measure(
    snapshot: Snapshot,
    pre_weighting: str = "RA1",
    reduction: str = "ncISO",
    targets: int = 1000,
    seed: int = 0,
) -> Iterator[Value]:
    for scope, part, place in embedded_scopes(
        snapshot.topology, pre_weighting=pre_weighting, reduction=reduction, angles="EA", seed=seed
    ):
        found = greedy_routing(part, place, targets if targets < place.nodes.size else None, seed)
        yield Value(scope, "success", found.success)
        yield Value(scope, "stretch", found.stretch)
        yield Value(scope, "score", found.score)
