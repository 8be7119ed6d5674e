"""Credit-assigned paths: how many chains of links lead from input to output, and through hubs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...checks import whole_number, whole_numbers
from ...errors import NetsciError, TopologyError
from ...snapshots import Snapshot
from ...topology import Population, Topology
from ..measure import Array, NotApplicable, Value, measure

__all__ = ["CreditAssignedPaths", "credit_assigned_paths"]

_HUBS = 80
_MAX_HUB_POPULATIONS = 10


@dataclass(frozen=True, eq=False)
class CreditAssignedPaths:
    """Numbers of directed paths, as exact Python integers.

    Attributes
    ----------
    total
        All paths from the first populations to the last ones.
    through
        Number of paths through each node of the graph, shape ``(n_nodes,)``, dtype object.
    hubs
        The hub nodes, in decreasing order of degree.
    hub_populations
        The two middle populations; of hubs that were given, the populations in which they lie.
    through_every
        Paths that pass a hub in every one of `hub_populations`.
    through_any
        Paths that pass at least one hub.
    """

    total: int
    through: NDArray[Any]
    hubs: NDArray[np.int64]
    hub_populations: tuple[str, ...]
    through_every: int
    through_any: int

    @property
    def share_every(self) -> float:
        """CHT's hub ratio: `through_every` over `total`; NaN without paths or hubs."""
        return self._share(self.through_every)

    @property
    def share_any(self) -> float:
        """`through_any` over `total`; NaN without paths or hubs."""
        return self._share(self.through_any)

    def _share(self, part: int) -> float:
        return part / self.total if self.total and self.hubs.size else float("nan")


def credit_assigned_paths(
    topology: Topology | Snapshot, hubs: int | ArrayLike | None = None
) -> CreditAssignedPaths:
    """Count the directed paths through the sparse layers (CHT, appendix K).

    Paths start at populations that nothing feeds (inputs, if there are any among them) and end at
    those that feed nothing further; where there are several such, at those that are outputs or
    feed a dense layer. Dense layers are left out, parallel layers and skips count as paths.

    Parameters
    ----------
    topology
        A layered topology or a snapshot of one.
    hubs
        Nodes that are hubs; or how many of the highest degree to take from the two middle
        populations jointly (ties in node order), 80 as in CHT by default.

    Returns
    -------
    CreditAssignedPaths
        Numbers of paths in all, through each node, and through the hubs.

    Raises
    ------
    TopologyError
        If the network is a general one, without layers.

    Examples
    --------
    >>> import numpy as np
    >>> from netsci_dst.topology import Topology
    >>> found = credit_assigned_paths(Topology.chain([np.ones((3, 2)), np.ones((2, 4))]), hubs=1)
    >>> found.total, found.through_every, found.share_any
    (24, 12, 0.5)
    """
    topology = getattr(topology, "topology", topology)
    if not isinstance(topology, Topology) or not topology.is_layered:
        raise TopologyError("paths from input to output need a network with layers")
    nodes, populations = _hubs(topology, hubs)
    forward = _count(topology, set())
    backward = _count(topology, set(), backward=True)
    ends = _ends(topology)
    total = sum(_total(forward[p.name]) for p in ends)
    through = [_product(forward[p.name], backward[p.name]) for p in topology.graph_populations]
    every, some = _through_hubs(topology, nodes, populations, total)
    return CreditAssignedPaths(total, np.concatenate(through), nodes, populations, every, some)


def count_paths(topology: Topology, closed: Collection[int] | NDArray[np.int64] = ()) -> int:
    """Return the number of paths that pass none of the closed nodes."""
    counts = _count(topology, closed)
    return sum(_total(counts[p.name]) for p in _ends(topology))


def _through_hubs(
    topology: Topology, hubs: NDArray[np.int64], populations: Sequence[str], total: int
) -> tuple[int, int]:
    """Count paths through a hub in every population, and through any, by inclusion-exclusion."""
    if not hubs.size:
        return 0, 0
    inside = {name: _inside(topology, name, hubs) for name in populations}
    every, avoiding = 0, 0
    for size in range(len(populations) + 1):
        for chosen in combinations(populations, size):
            closed = {int(node) for name in chosen for node in inside[name]}
            avoiding = count_paths(topology, closed) if closed else total
            every += avoiding if size % 2 == 0 else -avoiding
    return every, total - avoiding


def _count(
    topology: Topology, closed: Collection[int] | NDArray[np.int64], backward: bool = False
) -> dict[str, NDArray[Any]]:
    """Return, per population, the number of paths that lead to (or on from) each neuron.

    Numbers are int64 while they fit and Python integers from there on. No path passes a closed
    node.
    """
    begin = {p.name for p in (_ends(topology) if backward else _starts(topology))}
    order = topology.graph_populations
    counts: dict[str, NDArray[Any]] = {}
    shut = np.zeros(topology.n_nodes, dtype=bool)
    shut[np.asarray(list(closed), dtype=np.int64)] = True
    for population in reversed(order) if backward else order:
        number = np.full(population.size, int(population.name in begin), dtype=np.int64)
        for layer in topology.layers:
            here, there = (layer.source, layer.target) if backward else (layer.target, layer.source)
            if here == population.name:
                ends = (
                    (layer.sources, layer.indices) if backward else (layer.indices, layer.sources)
                )
                number = _gather(number, ends[0], counts[there], ends[1])
        for a, b in topology.skips:
            here, there = (a, b) if backward else (b, a)
            if here == population.name and there in counts:
                every = np.arange(population.size)
                number = _gather(number, every, counts[there], every)
        number[shut[topology.nodes(population.name)]] = 0
        counts[population.name] = number
    return counts


def _gather(
    number: NDArray[Any], ends: NDArray[Any], other: NDArray[Any], others: NDArray[Any]
) -> NDArray[Any]:
    """Return ``number`` with ``other[others]`` added at ``ends``, exactly."""
    top = int(other.max(initial=0)) * max(1, int(np.bincount(ends).max(initial=0)))
    if number.dtype == object or other.dtype == object or top + int(number.max()) >= 2**62:
        number, other = number.astype(object), other.astype(object)
    np.add.at(number, ends, other[others])
    return number


def _product(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.object_]:
    return a.astype(object) * b.astype(object)


def _total(counts: NDArray[Any]) -> int:
    return int(sum(counts.tolist()))


def _starts(topology: Topology) -> list[Population]:
    fed = {layer.target for layer in topology.layers} | {b for _, b in topology.skips}
    first = [p for p in topology.graph_populations if p.name not in fed]
    behind = {dense.target for dense in topology.dense}
    chosen = [p for p in first if p.role == "input" or p.name in behind]
    return chosen or first


def _ends(topology: Topology) -> list[Population]:
    feeding = {layer.source for layer in topology.layers} | {a for a, _ in topology.skips}
    last = [p for p in topology.graph_populations if p.name not in feeding]
    onward = {dense.source for dense in topology.dense}
    chosen = [p for p in last if p.role == "output" or p.name in onward]
    return chosen or last


def _middle(topology: Topology) -> list[Population]:
    """The two middle ones of the populations that lie between the first and the last."""
    outer = {p.name for p in (*_starts(topology), *_ends(topology))}
    inner = [p for p in topology.graph_populations if p.name not in outer]
    if len(inner) <= 2:
        return inner
    left = (len(inner) - 1) // 2
    return inner[left : left + 2] if len(inner) % 2 == 0 else inner[left - 1 : left + 1]


def _hubs(
    topology: Topology, hubs: int | ArrayLike | None
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if hubs is None or np.ndim(hubs) == 0:
        count = _HUBS if hubs is None else whole_number("the number of hubs", hubs, 1)
        among = [np.arange(topology.n_nodes)[topology.nodes(p.name)] for p in _middle(topology)]
        nodes = np.concatenate(among) if among else np.empty(0, dtype=np.int64)
        nodes = nodes[np.argsort(-topology.degrees[nodes], kind="stable")][:count]
        # Both middle populations count, also when one of them has no hub: no path passes all then.
        return nodes, tuple(p.name for p in _middle(topology))
    nodes = np.unique(whole_numbers("hubs", hubs))
    if nodes.size and not 0 <= nodes.min() <= nodes.max() < topology.n_nodes:
        raise NetsciError(f"hubs must be nodes of the graph, 0 to {topology.n_nodes - 1}")
    nodes = nodes[np.argsort(-topology.degrees[nodes], kind="stable")]
    places = np.unique(topology.node_population[nodes])
    if places.size > _MAX_HUB_POPULATIONS:
        raise NetsciError(
            f"hubs lie in {places.size} populations; paths are told apart for at most "
            f"{_MAX_HUB_POPULATIONS}"
        )
    return nodes, tuple(topology.graph_populations[i].name for i in places)


def _inside(topology: Topology, name: str, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
    place = topology.nodes(name)
    return nodes[(nodes >= place.start) & (nodes < place.stop)]


@measure(
    "credit_paths",
    tier="cheap",
    source="CHT appendix K",
    summary="How many paths lead from input to output, and what share of them passes hubs.",
    estimate=lambda topology: 4e-7 * topology.n_links,
)
def _measure(snapshot: Snapshot, hubs: int = _HUBS) -> Iterator[Value | Array]:
    topology = snapshot.topology
    if not topology.is_layered or not topology.layers:
        raise NotApplicable("paths from input to output need a network with layers")
    found = credit_assigned_paths(topology, hubs)
    yield Value("network", "paths", _float(found.total), str(found.total))
    if found.hubs.size:
        where = ", ".join(found.hub_populations)
        yield Value("network", "hubs", found.hubs.size, where)
        every, some = found.through_every, found.through_any
        yield Value("network", "paths_through_every", _float(every), str(every))
        yield Value("network", "paths_through_any", _float(some), str(some))
        yield Value("network", "hub_share_every", found.share_every)
        yield Value("network", "hub_share_any", found.share_any)
        yield Array("hubs", found.hubs.astype(np.int32))
    if found.total:
        share = [count / found.total for count in found.through.tolist()]
        yield Array("share_of_paths", np.array(share, dtype=np.float32))


def _float(count: int) -> float:
    try:
        return float(count)
    except OverflowError:
        return float("inf")
