"""Rich club: whether neurons with many links are linked among themselves beyond chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...checks import whole_number
from ...snapshots import Snapshot
from ...topology import Topology
from ..measure import Array, NotApplicable, Value, measure
from ..nulls.sequential import EXTREMES, drawn_nulls, limit_of_nulls, p_in_words
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
    nulls, at_limit
        Number of null graphs, and whether none had such a peak: then p is an upper bound.
    """

    degree: NDArray[np.int64]
    phi: NDArray[np.float64]
    phi_null: NDArray[np.float64]
    normalised: NDArray[np.float64]
    peak: float
    peak_degree: int
    p_value: float
    nulls: int
    at_limit: bool

    @property
    def p_text(self) -> str:
        """The p-value in words, with the number of null graphs where they are the limit."""
        return p_in_words(self.p_value, self.nulls, self.at_limit)


def rich_club(graph: Any, n: int | None = None, seed: int = 0) -> RichClub:
    """Test for a rich club against graphs with the same degrees.

    Parameters
    ----------
    graph
        A graph of any accepted kind; in a layered one, links are exchanged within layers.
    n
        Most null graphs, at least 1; drawn until twenty peaks are as high as the graph's. By
        default 200 below 10⁵ links, 100 below 10⁶, else 40.
    seed
        Seeds them.

    Returns
    -------
    RichClub
        The coefficient at each degree, that of chance, and the test of the peak.

    References
    ----------
    Colizza, Flammini, Serrano, Vespignani, Nature Physics 2, 110 (2006); test of the peak:
    Muscoloni and Cannistraci, arXiv:1704.03526 (2017), here with Maslov and Sneppen's null model.

    Examples
    --------
    >>> import networkx as nx
    >>> found = rich_club(nx.karate_club_graph(), n=20)
    >>> found.degree.tolist()[:3], round(float(found.phi[0]), 4)
    ([1, 2, 3], 0.1458)
    """
    seed = whole_number("seed", seed)
    n = None if n is None else whole_number("the number of null graphs", n, 1)
    given = getattr(graph, "topology", graph)
    topology = given if isinstance(given, Topology) else Topology.network(graph)
    topology = topology.undirected()
    return _clubs([topology], topology, n, seed)[0]


def _clubs(parts: Sequence[Topology], whole: Topology, n: int | None, seed: int) -> list[RichClub]:
    """Test some parts of a network against the same null graphs of the whole."""
    from ..nulls.models import part_like

    most = limit_of_nulls(whole.n_links) if n is None else n
    levels = [np.unique(part.degrees)[:-1] for part in parts]
    possible = [_possible(part, at) for part, at in zip(parts, levels)]
    own = [_phi(p, p.degrees, at, links) for p, at, links in zip(parts, levels, possible)]
    null: list[list[NDArray[np.float64]]] = [[] for _ in parts]
    for count, other in enumerate(drawn_nulls(whole, most, seed, "degree_preserving"), 1):
        for place, part in enumerate(parts):
            links = part_like(other, part)
            null[place].append(_phi(links, part.degrees, levels[place], possible[place]))
        # The peak is that over the mean of all null graphs so far: it is looked at now and then.
        if count % EXTREMES == 0 and all(
            _peak(phi, np.array(other))[1] >= EXTREMES for phi, other in zip(own, null)
        ):
            break
    return [_test(at, phi, np.array(other)) for at, phi, other in zip(levels, own, null)]


def _peak(phi: NDArray[np.float64], null: NDArray[np.float64]) -> tuple[int, int]:
    """Return where the excess peaks, and how many null graphs peak as high."""
    if not np.isfinite(phi).any():
        return 0, EXTREMES
    mean = null.mean(axis=0)
    excess = np.where(np.isfinite(phi), phi - mean, -np.inf)
    peaks = np.where(np.isfinite(phi), null - mean, -np.inf).max(axis=1)
    best = int(excess.argmax())
    # Equal up to rounding counts as equal.
    return best, int((peaks >= excess[best] - 1e-12).sum())


def _test(
    levels: NDArray[np.int64], phi: NDArray[np.float64], null: NDArray[np.float64]
) -> RichClub:
    nan, n = float("nan"), len(null)
    if not np.isfinite(phi).any():
        empty = np.full(levels.size, np.nan)
        return RichClub(levels, phi, empty, empty.copy(), nan, 0, nan, n, False)
    mean = null.mean(axis=0)
    best, count = _peak(phi, null)
    normalised = np.divide(phi, mean, out=np.full(phi.size, np.nan), where=mean > 0)
    peak, degree = float(phi[best] - mean[best]), int(levels[best])
    p_value = (1 + count) / (1 + n)
    return RichClub(levels, phi, mean, normalised, peak, degree, p_value, n, count == 0)


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
    estimate=lambda topology: limit_of_nulls(topology.n_links) * 1.5e-6 * topology.n_links,
    version=5,
)
def _measure(snapshot: Snapshot, n: int | None = None, seed: int = 0) -> Iterator[Value | Array]:
    if snapshot.topology.n_links == 0:
        raise NotApplicable("the network has no links")
    whole = snapshot.topology.undirected()
    parts = [(scope, part) for scope, part in graph_scopes(whole) if part.n_links]
    seed = whole_number("seed", seed)
    n = None if n is None else whole_number("the number of null graphs", n, 1)
    for (scope, _), found in zip(parts, _clubs([part for _, part in parts], whole, n, seed)):
        if np.isfinite(found.peak):
            yield Value(scope, "rich_club_peak", found.peak)
            yield Value(scope, "rich_club_degree", found.peak_degree)
            yield Value(scope, "rich_club_p", found.p_value, text=found.p_text)
            yield Value(scope, "rich_club_nulls", found.nulls)
        elif scope == "network":
            raise NotApplicable("all neurons have the same degree: none is richer than another")
        if scope == "network":
            for name in ("degree", "phi", "phi_null"):
                yield Array(name, getattr(found, name))
