"""Degrees of neurons: in, out and total, their distribution, and how they persist in time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...checks import finite_numbers
from ...errors import NetsciError
from ...graphs import as_adjacency
from ...run import Run
from ...snapshots import Snapshot
from ...topology import Topology
from ..directions import Arcs, arcs, usable_arcs
from ..measure import Array, NotApplicable, Value, measure
from ..scopes import graph_scopes, neuron_scopes, node_groups

__all__ = ["Degrees", "degree_correlation", "degrees"]


@dataclass(frozen=True, eq=False)
class Degrees:
    """Number of links of each node, shape ``(n_nodes,)``, int64.

    Attributes
    ----------
    total
        Neighbours, whatever the direction.
    into, out
        Links that enter and that leave; both equal ``total`` where links have no direction.
    """

    total: NDArray[np.int64]
    into: NDArray[np.int64]
    out: NDArray[np.int64]

    @property
    def distribution(self) -> NDArray[np.int64]:
        """Number of nodes of each total degree, from 0 up."""
        return np.bincount(self.total).astype(np.int64)


def degrees(graph: Any) -> Degrees:
    """Return the degrees of a graph of any accepted kind.

    Parameters
    ----------
    graph
        A graph of any accepted kind.

    Returns
    -------
    Degrees
        Links of each node, in all, entering and leaving.

    Examples
    --------
    >>> import networkx as nx
    >>> degrees(nx.star_graph(3)).distribution.tolist()
    [0, 3, 0, 1]
    """
    topology = getattr(graph, "topology", graph)
    if not isinstance(topology, Topology) or not topology.is_layered:
        total = np.diff(as_adjacency(graph).indptr).astype(np.int64)
        given = arcs(graph, weights=False)
        if not given.directed:
            return Degrees(total, total, total)
        present = given.matrix
        into = np.bincount(present.indices, minlength=total.size).astype(np.int64)
        return Degrees(total, into, np.diff(present.indptr).astype(np.int64))
    into = np.zeros(topology.n_nodes, dtype=np.int64)
    out = np.zeros(topology.n_nodes, dtype=np.int64)
    for layer in topology.layers:
        out[topology.nodes(layer.source)] += layer.out_degrees
        into[topology.nodes(layer.target)] += layer.in_degrees
    return Degrees(topology.degrees, into, out)


def degree_correlation(first: ArrayLike, second: ArrayLike) -> float:
    """Return Kendall's τ-b of the degrees of the same neurons at two times.

    1 when the order of the neurons is unchanged, 0 when nothing of it is left; NaN when all
    degrees of one side are equal. Ties are taken into account.

    Parameters
    ----------
    first, second
        Degrees, shape ``(n_nodes,)`` each.

    Returns
    -------
    float
        From −1 to 1.

    Raises
    ------
    NetsciError
        If the two have different numbers of neurons.

    References
    ----------
    Kendall, Biometrika 33, 239 (1945); Survival, appendix I.

    Examples
    --------
    >>> degree_correlation([1, 2, 3], [2, 4, 9]), degree_correlation([1, 2, 3], [3, 2, 1])
    (1.0, -1.0)
    """
    from scipy.stats import kendalltau

    a, b = finite_numbers("degrees", first), finite_numbers("degrees", second)
    if a.shape != b.shape:
        raise NetsciError(f"degrees of {a.size} and of {b.size} neurons cannot be compared")
    if a.size < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(kendalltau(a, b).statistic)


def _seconds(topology: Topology) -> float:
    return 0.005 + 1e-7 * topology.n_links


@measure("degrees", tier="cheap", source="Survival, section 4.5", estimate=_seconds, version=2)
def degree_measure(snapshot: Snapshot) -> Iterator[Value | Array]:
    """Links per neuron: mean, spread, largest, isolated neurons, and the whole distribution.

    A hidden neuron counts all its links, those from the input and to the output too.
    """
    topology = snapshot.topology
    for scope in neuron_scopes(topology):
        found, name = degrees(scope.graph), scope.name
        total = found.total[scope.member]
        yield from _summary(name, total, "degree")
        if scope.graph.is_layered:
            # Neurons that the direction cannot reach (inputs, last targets) are left out.
            into, out = (scope.member & _sided(scope.graph, s) for s in ("target", "source"))
            yield from _summary(name, found.into[into], "in_degree")
            yield from _summary(name, found.out[out], "out_degree")
        yield Value(name, "isolated", int((total == 0).sum()))
        yield Value(name, "neurons", total.size)
        yield Array(f"distribution/{name}", np.bincount(total).astype(np.int64))
    for name, part in graph_scopes(topology):
        yield Value(name, "links", part.n_links)
        yield Value(name, "density", part.density)
    whole = degrees(topology)
    yield Array("total", whole.total)
    if topology.is_layered:
        yield Array("in", whole.into)
        yield Array("out", whole.out)
    else:
        yield from _with_weights_and_directions(topology)


def _with_weights_and_directions(topology: Topology) -> Iterator[Value | Array]:
    given = usable_arcs(topology)
    if given.directed:
        found = degrees(topology)
        for name, values in (("in_degree", found.into), ("out_degree", found.out)):
            yield from _summary("network", values, name)
            yield Array(name.removesuffix("_degree"), values)
        yield Value("network", "reciprocity", _reciprocity(given))
    if given.weighted:
        total = given.out_strength + (given.in_strength if given.directed else 0.0)
        yield from _summary("network", total, "strength")
        yield Array("strength", total)
        if given.directed:
            yield Array("in_strength", given.in_strength)
            yield Array("out_strength", given.out_strength)
    elif topology.is_weighted and _has_no_strength(topology):
        yield Value("network", "mean_strength", math.nan, text="some weights are below 0")


def _has_no_strength(topology: Topology) -> bool:
    weights = [np.asarray(layer.weights, dtype=np.float64) for layer in topology.layers]
    return any(bool((own < 0).any() or not np.isfinite(own).all()) for own in weights)


def _reciprocity(given: Arcs) -> float:
    """Return the share of directed links whose opposite is there too."""
    present = given.matrix != 0
    return float((present * present.T).sum() / present.nnz) if present.nnz else float("nan")


def _sided(graph: Topology, side: str) -> NDArray[np.bool_]:
    """Return which nodes lie in a population that is the given side of a layer."""
    member = np.zeros(graph.n_nodes, dtype=bool)
    for layer in graph.layers:
        member[graph.nodes(getattr(layer, side))] = True
    return member


def _summary(scope: str, values: NDArray[Any], name: str) -> Iterator[Value]:
    yield Value(scope, f"mean_{name}", float(values.mean()))
    yield Value(scope, f"std_{name}", float(values.std()))
    yield Value(scope, f"max_{name}", values.max().item())


@measure(
    "degree_correlation",
    tier="cheap",
    takes="run",
    source="Kendall 1945; Survival, appendix I, fig. 20",
)
def degree_correlation_measure(run: Run, most: int = 40) -> Iterator[Value | Array]:
    """How much of the order of neurons by degree persists: Kendall's τ-b between snapshots.

    ``consecutive`` compares a snapshot with the one before, ``with_first`` with the first of the
    run. The arrays hold the matrix of all pairs among up to ``most`` snapshots.
    """
    if len(run.snapshots) < 2:
        raise NotApplicable("the run has fewer than two snapshots to compare")
    steps, groups = _degrees_over_time(run)
    for scope, series in groups.items():
        for i in range(1, len(steps)):
            before, first, now = series[i - 1], series[0], series[i]
            yield Value(scope, "consecutive", degree_correlation(before, now), step=steps[i])
            yield Value(scope, "with_first", degree_correlation(first, now), step=steps[i])
        chosen = np.unique(
            np.linspace(0, len(steps) - 1, min(most, len(steps))).round().astype(int)
        )
        yield Array(f"matrix/{scope}", _matrix([series[i] for i in chosen]))
    yield Array("steps", np.array([steps[i] for i in chosen]))


def _degrees_over_time(run: Run) -> tuple[list[int], dict[str, list[NDArray[np.int64]]]]:
    steps: list[int] = []
    groups: dict[str, list[NDArray[np.int64]]] = {}
    for snapshot in run.snapshots:
        topology = snapshot.topology
        steps.append(snapshot.step)
        for scope, member in node_groups(topology):
            groups.setdefault(scope, []).append(topology.degrees[member])
    for scope, series in groups.items():
        if len({values.size for values in series}) > 1 or len(series) != len(steps):
            raise NotApplicable(f"the neurons of {scope} are not the same in all snapshots")
    return steps, groups


def _matrix(series: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    matrix = np.eye(len(series))
    for i in range(len(series)):
        for j in range(i):
            matrix[i, j] = matrix[j, i] = degree_correlation(series[i], series[j])
    return matrix
