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
from ..measure import Array, Value, measure, scopes
from ..populations import population_scopes

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
)
def k_shell(snapshot: Snapshot) -> Iterator[Value | Array]:
    """The highest shell, the neurons in core and crust, the isolated ones, and where they lie.

    For the whole network, its hidden part and each layer as networks of their own; for each
    population, the coreness of its neurons in the whole network.
    """
    topology = snapshot.topology
    whole: KShells | None = None
    for scope, part in scopes(topology):
        shells = k_shells(part)
        whole = whole or shells
        yield Value(scope, "k_max", shells.k_max)
        for quantity in ("core", "crust", "isolated"):
            nodes = getattr(shells, quantity)
            yield Value(scope, quantity, nodes.size)
            yield Value(scope, f"{quantity}_share", nodes.size / shells.coreness.size)
        yield Value(scope, "mean_coreness", float(shells.coreness.mean()))
        yield Array(f"sizes/{scope}", shells.sizes)
    assert whole is not None
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
