"""The network drawn by springs and in the hyperbolic disk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..chart import Block, Control, Data, View, Words
from ..networks.data import NetworkData
from ..numbers import percent
from ..page_section import section
from ..snapshot_pictures import drawn, picture

# Nodes whose facts travel in the page.
MOST_NODES = 20_000


@section(
    "network",
    page="network",
    title="The network",
    after="first",
    lead="Who sits in the middle, and what falls apart? Click a node for its card, its links and "
    "its row in the table.",
    definition="Left: springs pull linked nodes together and push all apart (Fruchterman & "
    "Reingold; DrL for more than 4,000 nodes). Right: the coalescent embedding of the largest "
    "component in the hyperbolic disk: hubs near the centre, similar nodes at similar angles. "
    "Larger dots have more links; the names are those of the best linked nodes.",
    equation="r<sub>i</sub> = 2β ln i + 2(1 − β) ln N, β = 1 / (γ − 1), i = rank by degree",
    source="Fruchterman & Reingold, Software: Practice and Experience 21, 1991; Muscoloni et al., "
    "Nature Communications 8, 2017",
    computed_by="coalescent_embedding",
)
def network(network: NetworkData, links: int = 3000) -> Iterator[Block]:
    """Show the network in a spring layout, and in the hyperbolic disk where it is embedded."""
    choices = {}
    if network.communities is not None:
        choices["community"] = "community"
    columns = network.columns
    choices |= {name: name for name in columns if name not in ("community", "θ", "r")}
    yield Control("colour", "Colour by", choices, value=next(iter(choices)))
    yield Control("links", "links", value=1)
    yield Control("names", "names", value=1)
    if network.polar is not None:
        yield Control("spread", "spread the radii")
    n = len(network.labels)
    yield View(
        "network",
        "By springs",
        lambda: picture(network, "network", 4.5),
        lambda: drawn(network, "network", None, links),
        wide=True,
    )
    if network.polar is None:
        yield Words("No embedding is stored for this network.", True, "embedding")
    else:
        yield View(
            "disk",
            "Hyperbolic disk",
            lambda: picture(network, "disk", 3.6),
            lambda: drawn(network, "disk", None, links),
        )
        placed = np.isfinite(network.polar[0]).mean()
        if placed < 1:
            yield Words(
                f"The disk maps the largest component, {percent(float(placed), 1)} of the nodes."
            )
    if n > MOST_NODES:
        yield Words(f"The page knows the {MOST_NODES:,} best linked of {n:,} nodes by name.")
    yield Data("nodes", lambda: node_data(network))


def node_data(network: NetworkData) -> dict[str, Any]:
    """Return names and columns of the nodes that travel in the page, the best linked first."""
    chosen = network.best(network.degree, MOST_NODES)
    columns = []
    for title, values in network.columns.items():
        part = np.asarray(values)[chosen]
        numeric = part.dtype.kind in "fiub"
        columns.append([title, "number" if numeric else "text", [_plain(v) for v in part.tolist()]])
    return {
        "index": chosen.tolist(),
        "names": [network.labels[i] for i in chosen],
        "columns": columns,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        if not np.isfinite(value):
            return None
        return int(value) if value.is_integer() else float(f"{value:.6g}")
    return value
