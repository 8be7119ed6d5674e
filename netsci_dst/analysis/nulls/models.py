"""Null models: what a measure would be if only degrees, or only density, were as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ... import registry
from ...topology import Layer, Topology
from ..structure.sides import kept_sides

__all__ = ["degree_preserving", "null_model", "random_links"]

Rng = np.random.Generator
F = TypeVar("F", bound=Callable[..., Topology])


def null_model(name: str, *, source: str, summary: str = "") -> Callable[[F], F]:
    """Register a function of a topology and a generator as a null model.

    It returns a topology with the same populations and other links.

    Parameters
    ----------
    name
        Its name in `null_model_test` and in ``netsci-dst list nulls``.
    source
        Paper and section.
    summary
        What it keeps and what it draws; by default the first line of the function's docstring.

    Returns
    -------
    callable
        A decorator that returns the function as it is.

    Examples
    --------
    >>> import networkx as nx
    >>> from netsci_dst.analysis import null_model_test
    >>> from netsci_dst.topology import Topology
    >>> @null_model("reversed_names", source="an example")
    ... def reversed_names(topology, rng):
    ...     "Number the nodes the other way round: all degrees stay."
    ...     return Topology.network(topology.to_scipy()[::-1, ::-1])
    >>> null_model_test(nx.star_graph(3), lambda g: g.sum(), n=2, null="reversed_names").mean
    6.0
    """
    return registry.register("null model", name, summary=summary, source=source)


@null_model("degree_preserving", source="Maslov and Sneppen 2002, within each layer")
def degree_preserving(topology: Topology, rng: Rng, swaps: float = 10.0) -> Topology:
    """Exchange ends of links at random within each layer; every degree in it stays.

    A network of two kinds of nodes (bipartite, with a cycle) keeps its two sides.

    Parameters
    ----------
    topology
        A topology, layered or a general network.
    rng
        Source of random numbers.
    swaps
        Exchanges per link.

    Returns
    -------
    Topology
        With the same populations and degrees.

    Examples
    --------
    >>> import numpy as np
    >>> from netsci_dst.topology import Topology
    >>> chain = Topology.chain([np.eye(6, 8) + np.eye(6, 8, 2)])
    >>> null = degree_preserving(chain, np.random.default_rng(0))
    >>> bool((null.degrees == chain.degrees).all()), null.n_links
    (True, 12)
    """
    topology = topology.undirected()
    side = kept_sides(topology)
    if side is not None:
        (layer,) = topology.layers
        return topology.replace_layers([_rewired_between(layer, side, rng, swaps)])
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
    """Draw as many links as each layer has among its possible ones, uniformly.

    Parameters
    ----------
    topology
        A topology, layered or a general network.
    rng
        Source of random numbers.

    Returns
    -------
    Topology
        With the same populations and as many links in each layer.

    Examples
    --------
    >>> import numpy as np
    >>> from netsci_dst.topology import Topology
    >>> chain = Topology.chain([np.eye(6, 8), np.ones((8, 1))])
    >>> [layer.n_links for layer in random_links(chain, np.random.default_rng(0)).layers]
    [6, 8]
    """
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


def _rewired_between(layer: Layer, side: NDArray[np.int8], rng: Rng, swaps: float) -> Layer:
    """Exchange ends of the links of a bipartite network, each taken from side 0 to side 1."""
    from .rewire import exchange_in_layer, seed_of

    u, v = layer.sources.astype(np.int64), layer.indices.astype(np.int64)
    ends = (layer.name, layer.source, layer.target, layer.shape)
    across = side[u] == 1
    there = Layer.from_links(*ends, np.where(across, v, u), np.where(across, u, v))
    indices, nowhere = there.indices.copy(), np.empty(0)
    wanted = int(np.ceil(swaps * layer.n_links))
    exchange_in_layer(there.indptr, indices, there.sources, nowhere, nowhere, wanted, seed_of(rng))
    return Layer.from_links(*ends, there.sources, indices, directed=False)


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
