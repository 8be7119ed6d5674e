"""The tiles of a network: size, groups, form."""

from __future__ import annotations

from ..numbers import count, p_value, percent, significant
from ..tile import Tile, TileGroup, groups
from .data import NetworkData
from .words import sigma_in_words


def tiles(network: NetworkData) -> list[TileGroup]:
    """Return the tiles for which there are numbers."""
    return groups(
        size=[_size(network), _density(network), _components(network)],
        groups=[_communities(network), _core(network), _clustering(network)],
        form=[_tail(network), _steps(network), _geometry(network)],
    )


def _size(network: NetworkData) -> Tile:
    n = len(network.labels)
    assert network.topology is not None
    return Tile(
        "size",
        "Nodes",
        count(n),
        f"{count(network.topology.n_links)} links.",
        "Self-loops and repeated links are not counted.",
    )


def _density(network: NetworkData) -> Tile:
    mean = float(network.degree.mean())
    assert network.topology is not None
    text = f"The best linked has {count(network.degree.max())}."
    return Tile(
        "density",
        "Links per node",
        significant(mean),
        text,
        f"Mean degree; {percent(network.topology.density)} of the possible links are there.",
    )


def _components(network: NetworkData) -> Tile:
    n, share = network.components[0], network.largest / len(network.labels)
    text = (
        "Every node reaches every other." if n == 1 else f"The largest holds {percent(share, 0)}."
    )
    if n == 1 and network.directed:
        text = "Directions aside, every node reaches every other."
    return Tile(
        "components",
        "Components",
        count(n),
        text,
        "Parts between which there is no link, directions aside.",
    )


def _communities(network: NetworkData) -> Tile | None:
    q, found = network.number("modularity", "modularity"), network.communities
    if q is None or found is None:
        return None
    return Tile(
        "communities",
        "Communities",
        count(network.n_communities),
        f"Q = {significant(q, 2)}: {'clear (Q > 0.3)' if q > 0.3 else 'weak (Q ≤ 0.3)'}.",
        "Of the partition of largest modularity Q found by Leiden's method: Q is the share of "
        "links inside less that expected by chance. Newman & Girvan 2004; Traag et al. 2019.",
    )


def _core(network: NetworkData) -> Tile | None:
    k, inside = network.number("k_shell", "k_max"), network.number("k_shell", "core")
    if k is None or inside is None:
        return None
    return Tile(
        "core",
        "Deepest core",
        f"k = {k:.0f}",
        f"{count(inside)} nodes, each linked to at least {k:.0f} others of them.",
        "The k-core is what remains when nodes of fewer than k links are removed again and again. "
        "Seidman 1983.",
    )


def _clustering(network: NetworkData) -> Tile | None:
    value = network.number("clustering", "clustering")
    if value is None:
        return None
    null = network.number("null_model", "clustering_null_mean")
    p = network.number("null_model", "clustering_p")
    text = "Not compared with a null."
    if network.two_sided:
        text = "Links join two kinds of nodes only: no triangles."
    if null is not None and p is not None:
        n = network.number("null_model", "clustering_nulls")
        said = p_value(p, None if n is None else 1 / (1 + n))
        text = f"{significant(null, 2)} expected from its degrees (p {said})."
    return Tile(
        "clustering",
        "Clustering",
        significant(value, 2),
        text,
        "How often two neighbours of a node are neighbours: mean over nodes. Watts & Strogatz "
        "1998. The null keeps every degree.",
    )


def _tail(network: NetworkData) -> Tile | None:
    alpha, sigma = (network.number("power_law", q) for q in ("alpha", "sigma"))
    p = network.number("power_law_test", "p_value")
    if alpha is None:
        return None
    share = network.number("power_law", "tail_share")
    text = "not tested"
    if p is not None:
        word = "ruled out" if p <= 0.1 else "not ruled out"
        bound = "" if p == 0 else " > 0.1" if p > 0.1 else " ≤ 0.1"
        text = f"{word} (p {network.tail_p()}{bound})"
    if share is not None:
        text += f"; {percent(share, 0)} of the nodes in its tail"
    return Tile(
        "tail",
        "Power law, α",
        significant(alpha),
        f"{text[0].upper()}{text[1:]}.",
        f"Exponent of the degrees' tail by maximum likelihood, ± {significant(sigma or 0, 2)}. "
        "Clauset, Shalizi & Newman 2009.",
    )


def _steps(network: NetworkData) -> Tile | None:
    steps = network.number("path_length", "characteristic_path_length")
    if steps is None:
        return None
    sigma = network.number("small_world", "sigma")
    text = "Mean over linked pairs."
    if sigma is not None and not network.bipartite:
        text = f"Small-world σ = {sigma_in_words(sigma)}."
    return Tile(
        "steps",
        "Steps apart",
        significant(steps, 3),
        text,
        "Mean length of shortest paths in the largest component. σ compares clustering and path "
        "length with random graphs. Humphries & Gurney 2008.",
    )


def _geometry(network: NetworkData) -> Tile | None:
    found = network.number("greedy_routing", "success")
    if found is None:
        return None
    placed = network.number("embedding", "placed_share")
    text = "of greedy routes find their goal"
    if placed is not None and placed < 1:
        text += f"; {percent(placed, 0)} of the nodes are mapped"
    return Tile(
        "geometry",
        "Hyperbolic map",
        percent(found, 0),
        f"{text}.",
        "Share of pairs between which a walk that always takes the neighbour nearest to the goal "
        "in the disk arrives. Muscoloni et al. 2017.",
    )
