"""Rich club: whether neurons with many links are linked among themselves beyond chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._checks import whole_number
from ...snapshots import Snapshot
from ...topology import Topology
from ..measure import Array, NotApplicable, Value, measure
from ..scopes import graph_scopes

__all__ = ["RichClub", "rich_club"]


@dataclass(frozen=True, eq=False)
class RichClub:
    """Rich-club coefficients and the test of their peak.

    Attributes
    ----------
    degree
        The degrees k that occur, but the largest.
    phi
        Links over possible links among the nodes of degree above k; possible are, in a layered
        network, those that its layers join. NaN where there are none.
    phi_null
        Mean over the null graphs.
    normalised
        ``phi / phi_null``; NaN where the null graphs have no such links.
    peak, peak_degree
        The largest ``phi − phi_null``, and its k: the club are the nodes of degree above it.
    p_value
        Share of null graphs whose own peak is at least as high, the graph itself counted.
    """

    degree: NDArray[np.int64]
    phi: NDArray[np.float64]
    phi_null: NDArray[np.float64]
    normalised: NDArray[np.float64]
    peak: float
    peak_degree: int
    p_value: float


def rich_club(graph: Any, n: int = 100, seed: int = 0) -> RichClub:
    """Test for a rich club against graphs with the same degrees.

    Parameters
    ----------
    graph
        A graph of any accepted kind; in a layered one, links are exchanged within layers.
    n
        Number of null graphs, at least 1.
    seed
        Seeds them.

    References
    ----------
    Colizza, Flammini, Serrano, Vespignani, Nature Physics 2, 110 (2006); test of the peak:
    Muscoloni and Cannistraci, arXiv:1704.03526 (2017), here with Maslov and Sneppen's null model.
    """
    n, seed = whole_number("the number of null graphs", n, 1), whole_number("seed", seed)
    given = getattr(graph, "topology", graph)
    topology = given if isinstance(given, Topology) else Topology.network(graph)
    topology = topology.undirected()
    return _clubs([topology], topology, n, seed)[0]


def _clubs(parts: Sequence[Topology], whole: Topology, n: int, seed: int) -> list[RichClub]:
    """Test some parts of a network against the same null graphs of the whole."""
    from ..nulls.models import degree_preserving, part_like

    levels = [np.unique(part.degrees)[:-1] for part in parts]
    possible = [_possible(part, at) for part, at in zip(parts, levels)]
    null: list[list[NDArray[np.float64]]] = [[] for _ in parts]
    for child in np.random.SeedSequence(seed).spawn(n):
        other = degree_preserving(whole, np.random.default_rng(child))
        for place, part in enumerate(parts):
            links = part_like(other, part)
            null[place].append(_phi(links, part.degrees, levels[place], possible[place]))
    return [
        _test(at, _phi(part, part.degrees, at, most), np.array(other))
        for part, at, most, other in zip(parts, levels, possible, null)
    ]


def _test(
    levels: NDArray[np.int64], phi: NDArray[np.float64], null: NDArray[np.float64]
) -> RichClub:
    if not np.isfinite(phi).any():
        empty = np.full(levels.size, np.nan)
        return RichClub(levels, phi, empty, empty.copy(), float("nan"), 0, float("nan"))
    mean = null.mean(axis=0)
    excess = np.where(np.isfinite(phi), phi - mean, -np.inf)
    peaks = np.where(np.isfinite(phi), null - mean, -np.inf).max(axis=1)
    best = int(excess.argmax())
    # Equal up to rounding counts as equal.
    p_value = (1 + int((peaks >= excess[best] - 1e-12).sum())) / (1 + len(null))
    normalised = np.divide(phi, mean, out=np.full(phi.size, np.nan), where=mean > 0)
    return RichClub(levels, phi, mean, normalised, float(excess[best]), int(levels[best]), p_value)


def _phi(
    topology: Topology,
    degrees: NDArray[np.int64],
    levels: NDArray[np.int64],
    possible: NDArray[np.float64],
) -> NDArray[np.float64]:
    u, v = topology.links()
    lower = np.sort(np.minimum(degrees[u], degrees[v]))
    links = lower.size - np.searchsorted(lower, levels, side="right")
    return np.divide(links, possible, out=np.full(levels.size, np.nan), where=possible > 0)


def _possible(topology: Topology, levels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Number of possible links among the nodes of degree above each level."""

    def above(population: str) -> NDArray[np.float64]:
        ordered = np.sort(topology.degrees[topology.nodes(population)])
        return (ordered.size - np.searchsorted(ordered, levels, side="right")).astype(float)

    total = np.zeros(levels.size)
    for layer in topology.layers:
        source = above(layer.source)
        total += source * above(layer.target) if layer.directed else source * (source - 1) / 2
    return total


@measure(
    "rich_club",
    tier="deep",
    source="Colizza et al. 2006; Muscoloni and Cannistraci 2017",
    summary="Whether highly linked neurons are linked among themselves more than by chance.",
    estimate=lambda topology: 100 * 1.5e-6 * topology.n_links,
    version=3,
)
def _measure(snapshot: Snapshot, n: int = 100, seed: int = 0) -> Iterator[Value | Array]:
    if snapshot.topology.n_links == 0:
        raise NotApplicable("the network has no links")
    whole = snapshot.topology.undirected()
    parts = [(scope, part) for scope, part in graph_scopes(whole) if part.n_links]
    n, seed = whole_number("the number of null graphs", n, 1), whole_number("seed", seed)
    for (scope, _), found in zip(parts, _clubs([part for _, part in parts], whole, n, seed)):
        if np.isfinite(found.peak):
            yield Value(scope, "rich_club_peak", found.peak)
            yield Value(scope, "rich_club_degree", found.peak_degree)
            yield Value(scope, "rich_club_p", found.p_value)
        elif scope == "network":
            raise NotApplicable("all neurons have the same degree: none is richer than another")
        if scope == "network":
            for name in ("degree", "phi", "phi_null"):
                yield Array(name, getattr(found, name))
