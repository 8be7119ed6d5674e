"""k-shells: how deep in the network a neuron lies, its core, crust and isolated neurons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graphs import as_adjacency
from ...snapshots import Snapshot
from ...topology import Topology
from ..measure import Array, Value, measure
from ..scopes import neuron_scopes, population_scopes

__all__ = ["KShells", "k_shells"]


@dataclass(frozen=True, eq=False)
class KShells:
    """The k-shell decomposition of a graph.

    Attributes
    ----------
    coreness
        For each node the largest k such that it lies in a subgraph of minimum degree k, shape
        ``(n_nodes,)``, int64.
    """

    coreness: NDArray[np.int64]

    @property
    def k_max(self) -> int:
        """The highest shell; 0 for a graph without links."""
        return int(self.coreness.max(initial=0))

    @cached_property
    def core(self) -> NDArray[np.int64]:
        """Nodes of the highest shell, the backbone; empty when there are no links."""
        return np.flatnonzero((self.coreness == self.k_max) & (self.coreness > 0))

    @cached_property
    def crust(self) -> NDArray[np.int64]:
        """Nodes of the shells from 1 to ``k_max - 1``."""
        return np.flatnonzero((self.coreness > 0) & (self.coreness < self.k_max))

    @cached_property
    def isolated(self) -> NDArray[np.int64]:
        """Nodes without links."""
        return np.flatnonzero(self.coreness == 0)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Number of nodes in each shell, shape ``(k_max + 1,)``; shell 0 holds the isolated."""
        return np.bincount(self.coreness, minlength=self.k_max + 1).astype(np.int64)


def k_shells(graph: Any) -> KShells:
    """Peel a graph: remove nodes of degree below k, for k = 1, 2, ..., until none is left.

    Undirected and unweighted; self-loops and repeated links are dropped. Takes time proportional
    to the number of links.

    Parameters
    ----------
    graph
        A graph of any accepted kind.

    Returns
    -------
    KShells
        The coreness of each node, and what follows from it.

    References
    ----------
    Carmi et al., PNAS 104, 11150 (2007); Batagelj & Zaveršnik, arXiv:cs/0310049 (2003);
    Survival, section 4.5.1.

    Examples
    --------
    >>> import networkx as nx
    >>> shells = k_shells(nx.lollipop_graph(4, 2))
    >>> shells.coreness.tolist(), shells.k_max, shells.crust.tolist()
    ([3, 3, 3, 3, 1, 1], 3, [4, 5])
    """
    from .k_core import core_numbers

    matrix = as_adjacency(graph)
    return KShells(core_numbers(matrix.indptr, matrix.indices))


def _seconds(topology: Topology) -> float:
    return 0.01 + 1e-7 * topology.n_links


@measure(
    "k_shell",
    tier="cheap",
    source="Carmi et al. 2007; Survival, section 4.5.1, figs. 10 to 12",
    estimate=_seconds,
    version=2,
)
def k_shell(snapshot: Snapshot) -> Iterator[Value | Array]:
    """The highest shell, the neurons in core and crust, the isolated ones, and where they lie.

    For hidden neurons and those of each population, the coreness is that in the whole network;
    each layer is a network of its own.
    """
    topology = snapshot.topology
    whole = k_shells(topology)
    for scope in neuron_scopes(topology):
        shells = whole if scope.graph is topology else k_shells(scope.graph)
        inside = shells.coreness[scope.member]
        groups = {"core": shells.core, "crust": shells.crust, "isolated": shells.isolated}
        yield Value(scope.name, "k_max", int(inside.max(initial=0)))
        for quantity, nodes in groups.items():
            count = int(scope.member[nodes].sum())
            yield Value(scope.name, quantity, count)
            yield Value(scope.name, f"{quantity}_share", count / inside.size)
        yield Value(scope.name, "mean_coreness", float(inside.mean()))
        yield Array(f"sizes/{scope.name}", np.bincount(inside, minlength=shells.k_max + 1))
    yield Array("coreness", whole.coreness)
    if topology.is_layered:
        yield from _by_population(topology, whole)


def _by_population(topology: Topology, whole: KShells) -> Iterator[Value | Array]:
    for scope, _, nodes in population_scopes(topology):
        inside = whole.coreness[nodes]
        core = (inside == whole.k_max) & (inside > 0)
        yield Value(scope, "core", int(core.sum()))
        yield Value(scope, "core_share", float(core.mean()))
        yield Value(scope, "isolated", int((inside == 0).sum()))
        yield Value(scope, "isolated_share", float((inside == 0).mean()))
        yield Value(scope, "mean_coreness", float(inside.mean()))
        yield Array(f"sizes/{scope}", np.bincount(inside, minlength=whole.k_max + 1))
