"""How far two topologies are apart, whatever the order of their neurons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import TopologyError, UnknownName
from ...run import Run
from ...snapshots import Snapshot
from ...topology import Layer, Topology
from ..measure import NotApplicable, Value, measure

__all__ = ["TopologyDistance", "common_links", "topology_distance"]

Matching = Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class TopologyDistance:
    """The distance of topology b from topology a.

    Attributes
    ----------
    nnstd
        Mean of `nnstd_by_population`: 0 when a's links are b's up to the order of the neurons, 1
        when no matched neurons share a source (Liu et al. 2020, "Topological insights into sparse
        neural networks").
    nnstd_by_population
        For each population that layers feed, the mean normalised edit distance of matched neurons.
    common
        Share of the links that both have after neurons are matched to have most links in common:
        twice the common links over the sum of both numbers of links.
    common_by_layer
        The same for each layer.
    common_unmatched
        The same share without matching, neuron by neuron.
    matching
        For each population, the neuron of b that is matched to each neuron of a, by edit distance.
    """

    nnstd: float
    nnstd_by_population: Mapping[str, float]
    common: float
    common_by_layer: Mapping[str, float]
    common_unmatched: float
    matching: Matching


def topology_distance(a: Any, b: Any) -> TopologyDistance:
    """Match the neurons of two topologies layer by layer, and compare their links.

    From the input on, the neurons of each population are matched by linear assignment so that the
    sum of their normalised edit distances is least: of two neurons, the number of sources that
    only one has over the number that either has (0 when neither has any). Sources are told apart
    by their own matching; inputs keep their places, and a skip carries its places on.

    Parameters
    ----------
    a, b
        Layered topologies or snapshots with the same populations and layers.

    Returns
    -------
    TopologyDistance
        The distance, the links in common, and who was matched with whom.

    Raises
    ------
    TopologyError
        If a topology is a general network, or the two do not have the same layers.

    Examples
    --------
    >>> import numpy as np
    >>> from netsci_dst.topology import Topology
    >>> links = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]], dtype=bool)
    >>> found = topology_distance(Topology.chain([links]), Topology.chain([links[:, [2, 0, 1]]]))
    >>> found.nnstd, found.common, found.matching["output"].tolist()
    (0.0, 1.0, [1, 2, 0])
    """
    one, two = _pair(a, b)
    matching, distances = _match(one, two, "edit")
    by_common, _ = _match(one, two, "common")
    shares = {layer.name: _share(layer, two.layer(layer.name), by_common) for layer in one.layers}
    total = one.n_links + two.n_links
    both = sum(common for common, _ in shares.values())
    return TopologyDistance(
        float(np.mean(list(distances.values()))) if distances else float("nan"),
        distances,
        2 * both / total if total else float("nan"),
        {name: 2 * common / of if of else float("nan") for name, (common, of) in shares.items()},
        common_links(one, two),
        matching,
    )


def common_links(a: Any, b: Any) -> float:
    """Return twice the common links over the sum of both numbers of links, without matching.

    Parameters
    ----------
    a, b
        Layered topologies or snapshots with the same populations and layers.

    Returns
    -------
    float
        From 0 to 1; NaN when neither has a link.

    Raises
    ------
    TopologyError
        If a topology is a general network, or the two do not have the same layers.

    Examples
    --------
    >>> import numpy as np
    >>> from netsci_dst import Topology
    >>> a, b = (Topology.chain([links]) for links in (np.eye(3), np.eye(3)[[1, 0, 2]]))
    >>> common_links(a, b)
    0.3333333333333333
    """
    one, two = _pair(a, b)
    both = sum(
        np.intersect1d(layer.keys, two.layer(layer.name).keys, assume_unique=True).size
        for layer in one.layers
    )
    total = one.n_links + two.n_links
    return 2 * both / total if total else float("nan")


def _pair(a: Any, b: Any) -> tuple[Topology, Topology]:
    one, two = getattr(a, "topology", a), getattr(b, "topology", b)
    for topology in (one, two):
        if not isinstance(topology, Topology) or not topology.is_layered:
            raise TopologyError("topologies are compared layer by layer: both need layers")
    for layer in one.layers:
        try:
            other = two.layer(layer.name)
        except UnknownName as error:
            raise TopologyError(f"the topologies do not have the same layers: {error}") from None
        if other.shape != layer.shape or (other.source, other.target) != (
            layer.source,
            layer.target,
        ):
            raise TopologyError(
                f"layer {layer.name!r} joins {layer.source!r} to {layer.target!r} in shape "
                f"{layer.shape} in one topology, {other.source!r} to {other.target!r} in shape "
                f"{other.shape} in the other"
            )
    if len(one.layers) != len(two.layers):
        raise TopologyError("the topologies do not have the same layers")
    return one, two


def _match(
    a: Topology, b: Topology, aim: Literal["edit", "common"]
) -> tuple[dict[str, NDArray[np.int64]], dict[str, float]]:
    """Match neurons population by population; return also their mean edit distances."""
    from scipy.optimize import linear_sum_assignment

    matching: dict[str, NDArray[np.int64]] = {}
    distances: dict[str, float] = {}
    carried = {target: source for source, target in a.skips}
    for population in a.graph_populations:
        size = population.size
        feeding = [layer for layer in a.layers if layer.target == population.name]
        if not feeding:
            matching[population.name] = matching.get(
                carried.get(population.name, ""), np.arange(size)
            )
            continue
        common, own, other = _overlap(feeding, b, matching, size)
        either = own[:, None] + other[None, :] - common
        edit = np.divide(
            either - common, either, out=np.zeros(either.shape, np.float32), where=either > 0
        )
        if population.name in carried:
            chosen = matching[carried[population.name]]
        else:
            _, chosen = linear_sum_assignment(edit if aim == "edit" else -common)
        matching[population.name] = chosen.astype(np.int64)
        distances[population.name] = float(edit[np.arange(size), chosen].mean(dtype=float))
    return matching, distances


def _overlap(
    feeding: list[Layer], b: Topology, matching: Matching, size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return, for all pairs of target neurons, their common sources, and the sources of each."""
    common = np.zeros((size, size), dtype=np.float32)
    own, other = np.zeros(size, dtype=np.float32), np.zeros(size, dtype=np.float32)
    for layer in feeding:
        first = layer.to_scipy().astype(np.float32)
        theirs: Any = b.layer(layer.name).to_scipy().astype(np.float32)
        second = theirs[matching[layer.source]]
        common += (first.T @ second).toarray()
        own += layer.in_degrees
        other += b.layer(layer.name).in_degrees
    return common, own, other


def _share(a: Layer, b: Layer, matching: Matching) -> tuple[int, int]:
    """Return the number of links that both layers have, neurons matched, and the sum of both."""
    place = np.empty(b.shape[0], dtype=np.int64)
    place[matching[a.source]] = np.arange(b.shape[0])
    there = np.empty(b.shape[1], dtype=np.int64)
    there[matching[a.target]] = np.arange(b.shape[1])
    keys = place[b.sources] * b.shape[1] + there[b.indices]
    return np.intersect1d(a.keys, keys, assume_unique=True).size, a.n_links + b.n_links


@measure(
    "topology_change",
    tier="cheap",
    takes="run",
    source="Liu et al. 2020",
    summary="Share of a snapshot's links that the first and the previous snapshot had.",
)
def _measure(run: Run) -> Iterator[Value]:
    if len(run.snapshots) < 2:
        raise NotApplicable("the run has a single snapshot: there is nothing to compare")
    first: Snapshot | None = None
    previous: Snapshot | None = None
    for snapshot in run.snapshots:
        if first is None or previous is None:
            first = snapshot
        else:
            for name, earlier in (("first", first), ("previous", previous)):
                for scope, share in _kept(snapshot.topology, earlier.topology):
                    yield Value(scope, f"common_with_{name}", share, step=snapshot.step)
        previous = snapshot


def _kept(now: Topology, before: Topology) -> Iterator[tuple[str, float]]:
    shared, total = 0, 0
    for layer in now.layers:
        common = np.intersect1d(layer.keys, before.layer(layer.name).keys, assume_unique=True).size
        shared, total = shared + common, total + layer.n_links
        if layer.n_links:
            yield layer.name, common / layer.n_links
    if total:
        yield "network", shared / total
