"""Null models: what a measure would be if only degrees, or only density, were as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ... import registry
from ...errors import NetsciError
from ...snapshots import Snapshot
from ...topology import Layer, Topology
from ..measure import NotApplicable, Value, measure

__all__ = ["NullModelTest", "degree_preserving", "null_model_test", "random_links"]

Rng = np.random.Generator
F = TypeVar("F", bound=Callable[..., Topology])


def null_model(name: str, *, source: str, summary: str = "") -> Callable[[F], F]:
    """Register a function of a topology and a generator as a null model.

    It returns a topology with the same populations and other links.
    """
    return registry.register("null model", name, summary=summary, source=source)


@null_model("degree_preserving", source="Maslov and Sneppen 2002, within each layer")
def degree_preserving(topology: Topology, rng: Rng, swaps: float = 10.0) -> Topology:
    """Exchange ends of links at random within each layer; every degree in it stays.

    Parameters
    ----------
    topology
        A topology, layered or a general network.
    rng
        Source of random numbers.
    swaps
        Exchanges per link.
    """
    topology = topology.undirected()
    return topology.replace_layers(_rewired(layer, rng, swaps) for layer in topology.layers)


@null_model("lattice", source="Sporns and Zwi 2004, within each layer")
def lattice(topology: Topology, rng: Rng, swaps: float = 10.0) -> Topology:
    """Exchange ends of links only where that brings them nearer on a ring; degrees stay.

    The neurons of each population lie on the ring in a random order, the same for all layers.
    """
    topology = topology.undirected()
    places = {p.name: rng.permutation(p.size) / p.size for p in topology.populations}
    return topology.replace_layers(_rewired(layer, rng, swaps, places) for layer in topology.layers)


@null_model("random_links", source="Erdős and Rényi 1959, within each layer")
def random_links(topology: Topology, rng: Rng) -> Topology:
    """Draw as many links as each layer has among its possible ones, uniformly."""
    topology = topology.undirected()
    layers = []
    for layer in topology.layers:
        drawn = rng.choice(layer.n_possible, layer.n_links, replace=False, shuffle=False)
        if layer.directed:
            u, v = np.divmod(drawn, layer.shape[1])
        else:
            # Pair number k of i < j, counted row by row of the upper triangle.
            n = layer.shape[0]
            u = np.floor(n - 0.5 - np.sqrt((n - 0.5) ** 2 - 2.0 * drawn)).astype(np.int64)
            before = u * (2 * n - u - 1) // 2
            low, high = drawn < before, drawn >= before + (n - 1 - u)
            u += high.astype(np.int64) - low.astype(np.int64)
            v = drawn - u * (2 * n - u - 1) // 2 + u + 1
        ends = (layer.name, layer.source, layer.target, layer.shape)
        layers.append(Layer.from_links(*ends, u, v, directed=layer.directed))
    return topology.replace_layers(layers)


def part_like(null: Topology, part: Topology) -> Topology:
    """Return what a null graph of the whole has in place of one of its parts.

    Links are exchanged within layers, so that it is a null graph of the part.
    """
    names = [layer.name for layer in part.layers]
    return null if len(names) == len(null.layers) else null.part(names)


def _rewired(
    layer: Layer,
    rng: Rng,
    swaps: float,
    places: Mapping[str, NDArray[np.float64]] | None = None,
) -> Layer:
    from .rewire import exchange_in_layer, exchange_in_network, seed_of

    state = seed_of(rng)
    wanted = int(np.ceil(swaps * layer.n_links))
    nowhere = np.empty(0)
    homes = places[layer.source] if places else nowhere
    goals = places[layer.target] if places else nowhere
    ends = (layer.name, layer.source, layer.target, layer.shape)
    if layer.directed:
        indices = layer.indices.copy()
        exchange_in_layer(layer.indptr, indices, layer.sources, goals, homes, wanted, state)
        return Layer.from_links(*ends, layer.sources, indices)
    indptr, indices, tails, mates = _both_ways(layer)
    exchange_in_network(indptr, indices, tails, mates, homes, wanted, state)
    once = tails < indices
    return Layer.from_links(*ends, tails[once], indices[once], directed=False)


def _both_ways(layer: Layer) -> tuple[NDArray[Any], ...]:
    u, v = layer.sources.astype(np.int64), layer.indices.astype(np.int64)
    apart = u != v
    u, v = u[apart], v[apart]
    tails, heads = np.concatenate([u, v]), np.concatenate([v, u])
    order = np.lexsort((heads, tails))
    place = np.empty(order.size, dtype=np.int64)
    place[order] = np.arange(order.size)
    other = np.concatenate([np.arange(u.size) + u.size, np.arange(u.size)])
    indptr = np.concatenate([[0], np.cumsum(np.bincount(tails, minlength=layer.shape[0]))])
    return indptr, heads[order].astype(np.int32), tails[order].astype(np.int32), place[other[order]]


@dataclass(frozen=True, eq=False)
class NullModelTest:
    """A value beside what a null model gives.

    Attributes
    ----------
    observed
        The value of the graph itself.
    values
        The values of the null graphs, shape ``(n,)``.
    mean, std
        Their mean and sample standard deviation.
    z
        ``(observed − mean) / std``; NaN when the null values do not vary.
    p_value
        Two-sided: twice the smaller of the shares of null values at least and at most as large,
        each counted with the observed one, at most 1.
    """

    observed: float
    values: NDArray[np.float64]
    mean: float
    std: float
    z: float
    p_value: float


def null_model_test(
    graph: Any,
    function: Callable[[Any], float],
    n: int = 100,
    seed: int = 0,
    null: str | Callable[..., Topology] = "degree_preserving",
) -> NullModelTest:
    """Compare a value of a graph with its values on graphs of a null model.

    Parameters
    ----------
    graph
        A topology or snapshot, whose layers are randomised each for itself, or any other graph.
    function
        Takes a topology where one was given, else a symmetric boolean CSR matrix; returns a number.
    n
        Number of null graphs, at least 2.
    seed
        Seeds them; graph i is the same whatever ``n`` is.
    null
        Name of a registered null model (``netsci-dst list nulls``), or a function that takes a
        topology and a generator.

    Examples
    --------
    >>> import networkx as nx
    >>> from netsci_dst.analysis import modularity
    >>> caves = nx.connected_caveman_graph(6, 6)
    >>> test = null_model_test(caves, lambda graph: modularity(graph, n=1).value, n=20)
    >>> test.z > 5
    True
    """
    if n < 2:
        raise NetsciError(f"a null model test needs at least two null graphs, not n={n}")
    given = getattr(graph, "topology", graph)
    layered = isinstance(given, Topology)
    topology = (given if layered else Topology.network(graph)).undirected()
    see = (lambda t: t) if layered else (lambda t: t.to_scipy())
    values = [float(function(see(drawn))) for drawn in _drawn(topology, n, seed, null)]
    return summarise(float(function(see(topology))), np.array(values))


def _drawn(
    topology: Topology, n: int, seed: int, null: str | Callable[..., Topology]
) -> Iterator[Topology]:
    draw = registry.get("null model", null).target if isinstance(null, str) else null
    for child in np.random.SeedSequence(seed).spawn(n):
        yield draw(topology, np.random.default_rng(child))


def summarise(observed: float, values: NDArray[np.float64]) -> NullModelTest:
    """Return the test of an observed value against null values."""
    mean, std = float(values.mean()), float(values.std(ddof=1))
    # Values that differ by rounding alone do not vary.
    varies = std > 1e-12 * max(1.0, abs(mean))
    above = 1 + int((values >= observed).sum())
    below = 1 + int((values <= observed).sum())
    p_value = min(1.0, 2 * min(above, below) / (values.size + 1))
    z = (observed - mean) / std if varies else float("nan")
    return NullModelTest(observed, values, mean, std, z, p_value)


def _questions(topology: Topology) -> dict[str, Callable[[Topology], float]]:
    from ..degree.assortativity import assortativity
    from ..paths.credit_paths import credit_assigned_paths
    from ..paths.lengths import path_lengths
    from ..structure.clustering import bipartite_clustering, clustering
    from ..structure.modularity import modularity

    asked = {
        "modularity": lambda t: modularity(t, n=1, tolerance=1e-3).value,
        "characteristic_path_length": lambda t: path_lengths(t).characteristic,
        "assortativity": assortativity,
        "clustering_four_cycles": lambda t: bipartite_clustering(t).value,
    }
    if topology.is_layered:
        asked["paths"] = lambda t: float(credit_assigned_paths(t).total)
        asked["hub_share_every"] = lambda t: credit_assigned_paths(t).share_every
    else:
        asked["clustering"] = lambda t: clustering(t).value
    return asked


def _seconds(topology: Topology) -> float:
    return 20 * (2e-6 * topology.n_links + 3e-10 * topology.n_nodes * topology.n_links)


@measure(
    "null_model",
    tier="deep",
    source="Maslov and Sneppen 2002",
    summary="How far modularity, path length, clustering and hubs exceed what degrees explain.",
    estimate=_seconds,
)
def _measure(
    snapshot: Snapshot, null: str = "degree_preserving", n: int = 20, seed: int = 0
) -> Iterator[Value]:
    topology = snapshot.topology.undirected()
    if topology.n_links == 0:
        raise NotApplicable("the network has no links")
    asked = _questions(topology)
    drawn: dict[str, list[float]] = {name: [] for name in asked}
    for other in _drawn(topology, n, seed, null):
        for name, function in asked.items():
            drawn[name].append(function(other))
    for name, function in asked.items():
        test = summarise(function(topology), np.array(drawn[name]))
        yield Value("network", f"{name}_null_mean", test.mean)
        yield Value("network", f"{name}_null_std", test.std)
        yield Value("network", f"{name}_z", test.z)
        yield Value("network", f"{name}_p", test.p_value)
