"""Histories of links: of a run, of a sequence of networks, of a time-stamped edge list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import NetsciError
from ...run import Run
from ...topology import Topology
from .history import Block, LinkHistory

__all__ = ["history_of_events", "history_of_networks", "link_history"]


def link_history(given: Any, most: int | None = None) -> LinkHistory:
    """Return the history of a run, or of a sequence of networks.

    Parameters
    ----------
    given
        A run, whose snapshots are the states: links that came and went between two snapshots are
        not seen; a `LinkHistory`; or a sequence of graphs of any accepted kind.
    most
        Take at most so many states of a run, evenly spread.

    Returns
    -------
    LinkHistory
        The links of each state as numbers.

    Raises
    ------
    NetsciError
        If there are fewer than two states, or their nodes differ.

    Examples
    --------
    >>> import networkx as nx
    >>> history = link_history([nx.path_graph(4), nx.star_graph(3)])
    >>> history.gained(0).tolist(), history.lost(0).tolist()
    ([2, 3], [6, 11])
    """
    if isinstance(given, LinkHistory):
        return given
    if not isinstance(given, Run):
        return history_of_networks(list(given))
    steps = given.snapshots.steps
    _refuse_few(len(steps), "snapshots")
    places = np.arange(len(steps))
    if most is not None and most < len(steps):
        places = np.unique(np.linspace(0, len(steps) - 1, most).round().astype(int))
    epochs = np.array(given.snapshots.epochs, dtype=float)[places]
    known = bool(np.isfinite(epochs).all() and (np.diff(epochs) > 0).all())
    times = epochs if known else np.array(steps, dtype=float)[places]
    topologies = [given.snapshots.at(steps[place]).topology for place in places]
    return _of_topologies(topologies, times, "epochs" if known else "steps")


def history_of_networks(networks: Sequence[Any], times: ArrayLike | None = None) -> LinkHistory:
    """Return the history of networks given one after another.

    Nodes are the same by name where the networks name them, else by number; a node counts from the
    first network that has it. Layered topologies must have the same populations.

    Parameters
    ----------
    networks
        Graphs of any accepted kind, at least two.
    times
        When each was, increasing, shape ``(n_networks,)``; by default 0, 1, 2, ...

    Returns
    -------
    LinkHistory
        The states, on the nodes of all networks.

    Raises
    ------
    NetsciError
        If there are fewer than two networks, their neurons differ, or times do not increase.

    Examples
    --------
    >>> import networkx as nx
    >>> history = history_of_networks([nx.path_graph(3), nx.path_graph(5)])
    >>> history.n, [state.size for state in history.states], history.arrived.tolist()
    (5, [2, 4], [0, 0, 0, 1, 1])
    """
    _refuse_few(len(networks), "networks")
    at = np.arange(len(networks), dtype=float) if times is None else np.asarray(times, dtype=float)
    if at.shape != (len(networks),) or not (np.diff(at) > 0).all():
        raise NetsciError("the times of networks must increase, one for each network")
    given = [getattr(network, "topology", network) for network in networks]
    topologies = [t if isinstance(t, Topology) else Topology.network(t) for t in given]
    if all(t.is_layered for t in topologies):
        return _of_topologies(topologies, at, "states")
    return _of_named(topologies, at)


def history_of_events(
    sources: ArrayLike,
    targets: ArrayLike,
    times: ArrayLike,
    ends: ArrayLike | None = None,
    states: int = 50,
    directed: bool = False,
) -> LinkHistory:
    """Return the history of a time-stamped edge list, with about as many links between states.

    Parameters
    ----------
    sources, targets
        Nodes of any kind, shape ``(n_events,)``. A link that is named again is there already.
    times
        When each link came.
    ends
        When each link went; NaN, or None for all, where it stays.
    states
        Number of states.
    directed
        Whether links have a direction.

    Returns
    -------
    LinkHistory
        The states, on all nodes of the list.

    Raises
    ------
    NetsciError
        If the lists differ in length, a time is not finite, or all links came at once.

    Examples
    --------
    >>> history = history_of_events(["a", "a", "b"], ["b", "c", "c"], [1.0, 2.0, 3.0], states=3)
    >>> history.n, history.times.tolist(), [state.size for state in history.states]
    (3, [1.0, 2.0, 3.0], [1, 2, 3])
    """
    names, place = np.unique(np.concatenate([sources, targets]), return_inverse=True)
    u, v = place.reshape(2, -1)
    came = np.asarray(times, dtype=float)
    went = np.full(came.size, np.inf) if ends is None else np.asarray(ends, dtype=float)
    went = np.where(np.isnan(went), np.inf, went)
    if not (u.size == came.size == went.size) or not np.isfinite(came).all():
        raise NetsciError("every link needs a source, a target and a finite time")
    moments = np.unique(np.quantile(came, np.linspace(0, 1, states), method="inverted_cdf"))
    _refuse_few(moments.size, "distinct times")
    n = names.size
    keys = _keys(u, v, n, directed)
    known = u != v
    kept = [np.unique(keys[known & (came <= at) & (went > at)]) for at in moments]
    first = np.full(n, moments.size, dtype=np.int64)
    np.minimum.at(first, np.concatenate([u, v]), np.tile(np.searchsorted(moments, came), 2))
    block = Block(slice(0, n), slice(0, n), directed)
    return LinkHistory(moments, n, tuple(kept), (block,), first, "time")


def _of_topologies(
    topologies: Sequence[Topology], times: NDArray[np.float64], unit: str
) -> LinkHistory:
    first = topologies[0]
    places = [[(p.name, p.size) for p in t.graph_populations] for t in topologies]
    if any(place != places[0] for place in places):
        raise NetsciError("the neurons are not the same in all states")
    n = first.n_nodes
    states = [_keys(*t.links(), n, t.is_directed) for t in topologies]
    blocks = dict.fromkeys(
        (layer.source, layer.target, layer.directed) for t in topologies for layer in t.layers
    )
    return LinkHistory(
        times,
        n,
        tuple(np.unique(keys) for keys in states),
        tuple(Block(first.nodes(a), first.nodes(b), directed) for a, b, directed in blocks),
        np.zeros(n, dtype=np.int64) if first.is_layered else _first_linked(topologies),
        unit,
    )


def _first_linked(topologies: Sequence[Topology]) -> NDArray[np.int64]:
    """Return the first state in which each node has a link: a network grows by its nodes, too."""
    arrived = np.full(topologies[0].n_nodes, len(topologies), dtype=np.int64)
    for state, topology in reversed(list(enumerate(topologies))):
        arrived[topology.degrees > 0] = state
    return arrived


def _of_named(topologies: Sequence[Topology], times: NDArray[np.float64]) -> LinkHistory:
    names = [_names(t) for t in topologies]
    place: dict[str, int] = {}
    for given in names:
        for name in given:
            place.setdefault(name, len(place))
    n, directed = len(place), all(t.is_directed for t in topologies)
    arrived = np.full(n, len(topologies), dtype=np.int64)
    states = []
    for i, (topology, given) in enumerate(zip(topologies, names, strict=True)):
        new = np.array([place[name] for name in given], dtype=np.int64)
        arrived[new] = np.minimum(arrived[new], i)
        u, v = topology.links()
        states.append(np.unique(_keys(new[u], new[v], n, directed)))
    block = Block(slice(0, n), slice(0, n), directed)
    return LinkHistory(times, n, tuple(states), (block,), arrived, "states")


def _names(topology: Topology) -> list[str]:
    named = [p.names for p in topology.graph_populations]
    if len(named) == 1 and named[0] is not None:
        return [str(name) for name in named[0]]
    return [str(i) for i in range(topology.n_nodes)]


def _keys(u: Any, v: Any, n: int, directed: bool) -> NDArray[np.int64]:
    u, v = np.asarray(u, dtype=np.int64), np.asarray(v, dtype=np.int64)
    return u * n + v if directed else np.minimum(u, v) * n + np.maximum(u, v)


def _refuse_few(count: int, what: str) -> None:
    if count < 2:
        raise NetsciError(f"growth needs at least two {what}, not {count}")
