"""A table of all nodes."""

from __future__ import annotations

from collections.abc import Iterator

from ..chart import Block, View
from ..networks.data import NetworkData
from ..page_section import section


@section(
    "nodes",
    page="network",
    title="Every node",
    after="robustness",
    lead="Search a name, sort by any column; a row that is chosen is chosen in the drawings.",
    definition="Degree: neighbours. Coreness: the largest k whose k-core holds the node. "
    "Clustering: share of linked pairs among its neighbours. Betweenness: share of shortest paths "
    "that pass it. Closeness: inverse mean distance to the others. θ and r: its place in the "
    "hyperbolic disk.",
    source="Freeman, Social Networks 1, 1978; Page et al. 1999; Seidman 1983",
    computed_by="centrality, k_shells, modularity",
)
def nodes(network: NetworkData) -> Iterator[Block]:
    """Show each node with its degree, coreness, community, centralities, place, attributes."""
    yield View("node-table", "Nodes", first=" ")
