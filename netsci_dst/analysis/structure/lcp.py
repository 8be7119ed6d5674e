"""The local community paradigm: do neighbours that share many neighbours share a community?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...graphs import as_adjacency
from ...snapshots import Snapshot
from ...topology import Topology
from ..measure import NotApplicable, Value, measure
from ..scopes import graph_scopes

__all__ = ["LocalCommunity", "lcp_correlation"]


@dataclass(frozen=True, eq=False)
class LocalCommunity:
    """The LCP decomposition of a graph.

    Attributes
    ----------
    value
        Pearson correlation of `common_neighbours` and `community_links` over the links that have
        common neighbours; 0 where either does not vary.
    common_neighbours
        For each link its number of common neighbours, shape ``(n_links,)``.
    community_links
        For each link the number of links among these.
    """

    value: float
    common_neighbours: npt.NDArray[np.int64]
    community_links: npt.NDArray[np.int64]


def lcp_correlation(graph: Any, bipartite: bool | None = None) -> LocalCommunity:
    """Return the correlation of common neighbours and local community links over links.

    In a bipartite graph the common neighbours of a link u–v are the nodes z1, z2 on paths
    u–z1–z2–v, and the local community links their middle links.

    Parameters
    ----------
    graph
        A graph of any accepted kind.
    bipartite
        Which form to take; by default the bipartite one where the graph has no odd cycle.

    Returns
    -------
    LocalCommunity
        The correlation, and the two numbers of each link.

    References
    ----------
    Cannistraci, Alanis-Lobato, Ravasi, Sci. Rep. 3, 1613 (2013); bipartite: Daminelli, Thomas,
    Durán, Cannistraci, New J. Phys. 17, 113037 (2015).

    Examples
    --------
    >>> import networkx as nx
    >>> round(lcp_correlation(nx.karate_club_graph()).value, 2)
    0.76
    >>> square = nx.complete_bipartite_graph(2, 2)
    >>> found = lcp_correlation(square)
    >>> found.common_neighbours.tolist(), found.community_links.tolist()
    ([2, 2, 2, 2], [1, 1, 1, 1])
    """
    import scipy.sparse

    from .cycles import arrays, local_communities, local_communities_of_four
    from .sides import is_bipartite

    matrix = as_adjacency(graph)
    if bipartite is None:
        bipartite = is_bipartite(matrix)
    # By target, so that the neighbours of one are marked once after another.
    upper = scipy.sparse.triu(matrix, k=1, format="coo")
    order = np.lexsort((upper.col, upper.row))
    sources, targets = upper.row[order].astype(np.int64), upper.col[order].astype(np.int64)
    kernel = local_communities_of_four if bipartite else local_communities
    common, links = kernel(*arrays(matrix), sources, targets)
    some = common > 0
    x, y = common[some].astype(float), links[some].astype(float)
    varies = x.size > 1 and np.ptp(x) > 0 and np.ptp(y) > 0
    return LocalCommunity(float(np.corrcoef(x, y)[0, 1]) if varies else 0.0, common, links)


def _seconds(topology: Topology) -> float:
    degrees = topology.degrees.astype(float)
    u, v = topology.links()
    return 3e-9 * float((degrees[u] * degrees[v]).sum())


@measure(
    "lcp",
    tier="deep",
    source="Cannistraci et al. 2013; Daminelli et al. 2015",
    summary="Whether links with many common neighbours lie in densely linked local communities.",
    estimate=_seconds,
    version=2,
)
def _measure(snapshot: Snapshot) -> Iterator[Value]:
    if snapshot.topology.n_links == 0:
        raise NotApplicable("the network has no links")
    for scope, topology in graph_scopes(snapshot.topology):
        yield Value(scope, "lcp_correlation", lcp_correlation(topology).value)
