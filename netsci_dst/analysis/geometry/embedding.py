"""Coalescent embedding: a network mapped into the hyperbolic disk or ball."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...checks import whole_number
from ...errors import NetsciError, UnknownName
from ...graphs import as_adjacency
from ...snapshots import Snapshot
from ...topology import Topology
from ..measure import Array, NotApplicable, Value, measure
from ..scopes import graph_scopes

__all__ = ["Embedding", "coalescent_embedding"]

PreWeighting = Literal["RA1", "RA2", "EBC", "none"]
Reduction = Literal["ISO", "ncISO", "MCE", "ncMCE", "LE"]
_REDUCTIONS = ("ISO", "ncISO", "MCE", "ncMCE", "LE")
_CAP = 10.0


@dataclass(frozen=True, eq=False)
class Embedding:
    """Hyperbolic coordinates of the nodes of a network's largest component.

    Attributes
    ----------
    nodes
        The nodes that were placed, in increasing order, shape ``(n,)``.
    r
        Radial coordinate of each placed node, shape ``(n,)``.
    theta
        Angle in [0, 2π), shape ``(n,)``; None in the ball.
    azimuth, elevation
        In the ball, angles in [0, 2π) and [−π/2, π/2], shape ``(n,)``; None in the disk.
    excluded
        The nodes outside the largest component, which were not placed.
    gamma
        Exponent of the degree distribution on plfit's grid; 10 means no power law.
    beta
        Popularity fading of the radii, ``1 / (gamma - 1)``.
    pre_weighting, reduction, angles
        How the embedding was made.
    """

    nodes: NDArray[np.int64]
    r: NDArray[np.float64]
    theta: NDArray[np.float64] | None
    azimuth: NDArray[np.float64] | None
    elevation: NDArray[np.float64] | None
    excluded: NDArray[np.int64]
    gamma: float
    beta: float
    pre_weighting: str
    reduction: str
    angles: str

    @property
    def dimensions(self) -> int:
        """2 in the disk, 3 in the ball."""
        return 2 if self.theta is not None else 3

    @property
    def coordinates(self) -> NDArray[np.float64]:
        """``(theta, r)`` or ``(azimuth, elevation, r)`` of each placed node, one row each."""
        if self.theta is not None:
            return np.column_stack([self.theta, self.r])
        return np.column_stack([self.azimuth, self.elevation, self.r])  # type: ignore[list-item]

    def __repr__(self) -> str:
        return (
            f"Embedding({self.nodes.size} nodes placed, {self.excluded.size} not, "
            f"{self.pre_weighting}-{self.reduction}-{self.angles}, {self.dimensions}-D, "
            f"gamma={self.gamma:.2f})"
        )


def coalescent_embedding(
    graph: Any,
    pre_weighting: PreWeighting | None = "RA1",
    reduction: Reduction = "ncISO",
    angles: Literal["EA", "original"] | None = None,
    dimensions: int = 2,
    seed: int = 0,
    landmarks: int | None = None,
) -> Embedding:
    """Map a network into the hyperbolic disk or ball by coalescent embedding.

    Links get lengths from local topology, the lengths are reduced to two or three dimensions,
    and the angles of that picture become the angular coordinates; the radius follows from the
    rank of the degree. Only the largest component is placed (the first of equals).

    Parameters
    ----------
    graph
        A graph of any accepted kind; directions and weights do not count.
    pre_weighting
        ``RA1`` or ``RA2`` (repulsion and attraction), ``EBC`` (edge betweenness), or ``none``.
    reduction
        ``ISO``, ``ncISO``, ``LE``, or, in the disk alone, ``MCE`` and ``ncMCE``.
    angles
        ``EA`` spreads the angles evenly and keeps their order; ``original`` keeps them. Default:
        ``EA`` in the disk, and in the ball ``original``, the only one there.
    dimensions
        2 for the disk, 3 for the ball.
    seed
        Start of the eigensolver and choice of landmarks; matters only where eigenvalues tie.
    landmarks
        With ISO and ncISO: reduce the distances to this many random nodes only, an approximation
        for networks whose full matrix of distances would be too large.

    Returns
    -------
    Embedding
        Radius and angles of each placed node.

    Raises
    ------
    UnknownName
        For a pre-weighting, reduction or angular adjustment that does not exist.
    NetsciError
        If the options contradict each other, the largest component has too few nodes, or the
        matrix of distances would not fit in memory.

    Notes
    -----
    With N nodes ranked by decreasing degree (ties in node order), ``r_i = max(0, 2β ln i +
    2(1−β) ln N)`` and β = 1/(γ−1). Where all degrees are equal, γ is at its cap of 10.

    References
    ----------
    Muscoloni, Thomas, Ciucci, Bianconi, Cannistraci, Nature Communications 8, 1615 (2017).

    Examples
    --------
    >>> import networkx as nx
    >>> found = coalescent_embedding(nx.karate_club_graph())
    >>> found.theta.shape, bool(found.r[33] == 0)
    ((34,), False)
    """
    rule = pre_weighting or "none"
    angles = angles or ("EA" if dimensions == 2 else "original")
    if landmarks is not None:
        landmarks = whole_number("landmarks", landmarks, 1)
    _check(rule, reduction, angles, dimensions, landmarks)
    dimensions, seed = int(dimensions), whole_number("seed", seed)
    adjacency = as_adjacency(graph)
    nodes, excluded, inner = _largest_component(adjacency)
    needed = 2 + dimensions
    if nodes.size < needed:
        raise NotApplicable(
            f"the largest component has {nodes.size} nodes; an embedding needs at least {needed}"
        )
    if landmarks is not None and not needed < landmarks <= nodes.size:
        raise NetsciError(
            f"landmarks must lie between {needed + 1} and the {nodes.size} nodes of the largest "
            f"component, not {landmarks}"
        )
    coordinates = _reduce(inner, rule, reduction, dimensions, landmarks, seed)
    radius, gamma, beta = _radii(np.diff(inner.indptr))
    theta = azimuth = elevation = None
    if dimensions == 2:
        theta = _angles(coordinates, angles)
    else:
        azimuth = _circle(coordinates[:, 0], coordinates[:, 1])
        elevation = np.arctan2(coordinates[:, 2], np.hypot(coordinates[:, 0], coordinates[:, 1]))
    return Embedding(
        nodes, radius, theta, azimuth, elevation, excluded, gamma, beta, rule, reduction, angles
    )  # fmt: skip


def _check(rule: str, reduction: str, angles: str, dimensions: int, landmarks: int | None) -> None:
    for kind, name, known in (
        ("pre-weighting", rule, ("RA1", "RA2", "EBC", "none")),
        ("reduction", reduction, _REDUCTIONS),
        ("angular adjustment", angles, ("EA", "original")),
    ):
        if name not in known:
            raise UnknownName(kind, name, known)
    if dimensions not in (2, 3):
        raise NetsciError(f"an embedding has 2 or 3 dimensions, not {dimensions}")
    if dimensions == 3 and reduction.endswith("MCE"):
        raise NetsciError(f"{reduction} has one dimension: in the ball use ISO, ncISO or LE")
    if dimensions == 3 and angles == "EA":
        raise NetsciError("the equidistant adjustment is for the disk: in the ball use 'original'")
    if landmarks is not None and not reduction.endswith("ISO"):
        raise NetsciError(f"landmarks go with ISO and ncISO, not with {reduction}")


def _largest_component(adjacency: Any) -> tuple[NDArray[np.int64], NDArray[np.int64], Any]:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    if adjacency.shape[0] == 0:
        raise NotApplicable("the network has no nodes to embed")
    _, label = connected_components(adjacency, directed=False)
    inside = label == np.bincount(label).argmax()
    nodes = np.flatnonzero(inside)
    inner = csr_array(adjacency[nodes][:, nodes]).sorted_indices()
    return nodes, np.flatnonzero(~inside), inner


def _reduce(
    inner: Any, rule: str, reduction: str, dimensions: int, landmarks: int | None, seed: int
) -> NDArray[np.float64]:
    from . import reductions as reductions
    from .pre_weighting import weighted

    lengths = weighted(inner, rule)
    if reduction == "LE":
        return reductions.laplacian_coordinates(lengths, dimensions, seed)
    if reduction.endswith("MCE"):
        return reductions.kernel_coordinates(lengths, reduction, 1, seed)
    if landmarks is not None:
        return reductions.landmark_coordinates(lengths, reduction, dimensions, landmarks, seed)
    return reductions.kernel_coordinates(lengths, reduction, dimensions, seed)


def _circle(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.mod(np.arctan2(y, x) + 2 * math.pi, 2 * math.pi)


def _angles(coordinates: NDArray[np.float64], adjustment: str) -> NDArray[np.float64]:
    n = coordinates.shape[0]
    line = coordinates[:, 0]
    place = line if coordinates.shape[1] == 1 else _circle(line, coordinates[:, 1])
    if adjustment == "EA":
        theta = np.empty(n)
        theta[np.argsort(place, kind="stable")] = 2 * math.pi * np.arange(n) / n
        return theta
    if coordinates.shape[1] == 1:
        span = line.max() - line.min()
        return (line - line.min()) / (span if span > 0 else 1.0) * (2 * math.pi * (n - 1) / n)
    return place


def _radii(degrees: NDArray[np.int64]) -> tuple[NDArray[np.float64], float, float]:
    from ..power_laws.fit import cht_gamma

    gamma = float(cht_gamma(degrees))
    if math.isnan(gamma):
        gamma = _CAP
    beta = 1.0 / (gamma - 1.0)
    n = degrees.size
    rank = np.empty(n)
    rank[np.argsort(-degrees, kind="stable")] = np.arange(1, n + 1)
    return np.maximum(0.0, 2 * beta * np.log(rank) + 2 * (1 - beta) * math.log(n)), gamma, beta


_found: weakref.WeakKeyDictionary[Topology, dict[tuple[Any, ...], Embedding]]
_found = weakref.WeakKeyDictionary()


def shared_embedding(topology: Topology, **options: Any) -> Embedding:
    """Embed a topology once for all the measures that need it.

    Raises
    ------
    NotApplicable
        If the network is too small or empty.
    """
    known = _found.setdefault(topology, {})
    key = tuple(sorted(options.items()))
    if key not in known:
        known[key] = coalescent_embedding(topology, **options)
    return known[key]


def embedded_scopes(
    topology: Topology, **options: Any
) -> Iterator[tuple[str, Topology, Embedding]]:
    """Embed the whole network, its hidden part and each layer, each by itself.

    Parts that are too small are left out.

    Raises
    ------
    NotApplicable
        If the whole network is too small or empty.
    """
    for scope, part in graph_scopes(topology):
        try:
            found = shared_embedding(part, **options)
        except NotApplicable:
            if scope == "network":
                raise
            continue
        yield scope, part, found


def embedding_seconds(topology: Topology) -> float:
    """Return a rough time of the default embeddings of a network and its parts in seconds."""
    if not topology.layers:
        return 0.0
    return sum(
        0.3 + 1e-7 * part.n_nodes**2 + 6e-9 * part.n_nodes * part.n_links / 8
        for _, part in graph_scopes(topology)
    )


@measure(
    "embedding",
    tier="deep",
    shares="embedding",
    source="Muscoloni et al. 2017",
    summary="Where each neuron lies in the hyperbolic disk.",
    estimate=embedding_seconds,
    version=3,
)
def _measure(
    snapshot: Snapshot,
    pre_weighting: str = "RA1",
    reduction: str = "ncISO",
    angles: str = "EA",
    seed: int = 0,
) -> Iterator[Value | Array]:
    for scope, part, found in embedded_scopes(
        snapshot.topology,
        pre_weighting=pre_weighting,
        reduction=reduction,
        angles=angles,
        seed=seed,
    ):
        yield Value(scope, "gamma", found.gamma)
        yield Value(scope, "beta", found.beta)
        yield Value(scope, "placed", found.nodes.size)
        yield Value(scope, "placed_share", found.nodes.size / part.n_nodes)
        if scope == "network":
            assert found.theta is not None
            yield Array("theta", found.theta)
            yield Array("r", found.r)
            yield Array("nodes", found.nodes.astype(np.int32))
