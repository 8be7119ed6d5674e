"""Degrees, communities, core, clustering, nulls, distances, centralities of a network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..chart import Block, Chart, Mark, Series, Table, Words
from ..colours import CATEGORIES, NEUTRAL
from ..networks.data import COLUMNS, NetworkData
from ..networks.words import DIFFERENT, NULL_NAMES, null_in_words
from ..numbers import count, p_value, percent, significant
from ..page_section import section
from . import degrees as degree_section

_BLUE, _ORANGE = CATEGORIES[0], CATEGORIES[4]


@section(
    "degrees",
    page="network",
    title="Degrees",
    after="network",
    lead="Do a few nodes hold most links? A straight tail over more than a decade with p > 0.1 is "
    "compatible with a power law; that alone does not single one out.",
    definition="The share of nodes with at least k links, on logarithmic axes, and the fitted tail "
    "from k_min up: α by discrete maximum likelihood, k_min by the least Kolmogorov-Smirnov "
    "distance, p by semi-parametric bootstrap. Rivals are compared by their likelihood on the "
    "same tail: a ratio with p above 0.1 decides nothing.",
    equation="P(k) = k<sup>−α</sup> / ζ(α, k<sub>min</sub>)",
    source="Clauset, Shalizi & Newman, SIAM Review 51, 2009",
    computed_by="fit_power_law",
)
def network_degrees(network: NetworkData) -> Iterator[Block]:
    """Show the degree distribution with its fits and rivals."""
    yield _ccdf(network)
    yield replace(degree_section.histogram(network), live=False, title="How many have k links")
    if not network.has("power_law"):
        yield Words("No fit is stored.", True, "power_law")
    yield from degree_section.fit_tables(network)


def _ccdf(network: NetworkData) -> Chart:
    chart = replace(degree_section.ccdf(network), live=False, title="Degrees")
    if not network.directed:
        return chart
    more = []
    for title, colour in (("in", CATEGORIES[2]), ("out", CATEGORIES[3])):
        values = network.of("degrees", title)
        if values is not None:
            x, counts = np.unique(values, return_counts=True)
            share = counts[::-1].cumsum()[::-1] / values.size
            more.append(Series(f"{title}-degree", x[x > 0], share[x > 0], "points", colour))
    first = replace(chart.series[0], name="neighbours")
    return replace(chart, series=(first, *chart.series[1:], *more))


@section(
    "communities",
    page="network",
    title="Communities",
    after="degrees",
    lead="Which groups does it fall into, and who leads each?",
    definition="The partition of largest modularity found by Leiden's method. Inside: share of a "
    "community's link ends that stay in it.",
    equation="Q = Σ<sub>c</sub> [ L<sub>c</sub> / L − (d<sub>c</sub> / 2L)² ]",
    source="Newman & Girvan, Physical Review E 69, 2004; Traag et al., Scientific Reports 9, 2019",
    computed_by="modularity",
)
def network_communities(network: NetworkData) -> Iterator[Block]:
    """Show the communities with their sizes and best linked members."""
    found = network.communities
    if found is None:
        yield Words("Communities were not searched for.", True, "modularity")
        return
    sizes = np.bincount(found)
    shown = sizes[:60]
    yield Chart(
        "community-sizes",
        "Sizes of the communities",
        "community, by size",
        "nodes",
        (Series("nodes", np.arange(1, shown.size + 1), shown, "bar", _BLUE),),
        measure="nodes of each community",
    )
    inside = _inside(network, found)
    rows = []
    for c in range(min(sizes.size, 100)):
        members = np.flatnonzero(found == c)
        best = members[np.argsort(-network.degree[members], kind="stable")[:6]]
        names = ", ".join(network.labels[i] for i in best)
        left = members.size - best.size
        rows.append(
            [
                str(c + 1),
                count(members.size),
                percent(inside[c], 0),
                names + (f" and {count(left)} more" if left else ""),
            ]
        )
    yield Table(
        "communities",
        "Communities and their best linked members",
        ["community", "nodes", "links inside", "members"],
        rows,
        note="" if sizes.size <= 100 else f"The 100 largest of {count(sizes.size)}.",
    )


def _inside(network: NetworkData, found: np.ndarray) -> np.ndarray:
    assert network.topology is not None
    u, v = network.topology.links()
    same = found[u] == found[v]
    ends = np.bincount(found[u], minlength=found.max() + 1) + np.bincount(
        found[v], minlength=found.max() + 1
    )
    return 2 * np.bincount(found[u[same]], minlength=found.max() + 1) / np.maximum(ends, 1)


@section(
    "core",
    page="network",
    title="Core and shells",
    after="communities",
    lead="A long way to the right means a dense core; most nodes at the left a thin periphery.",
    definition="The k-core is what remains when nodes of fewer than k links are removed again and "
    "again; a node's shell, its coreness, is the largest k whose core still holds it.",
    equation="core(i) = max { k : i ∈ k-core }",
    source="Seidman, Social Networks 5, 1983; Carmi et al., PNAS 104, 2007",
    computed_by="k_shells",
)
def network_core(network: NetworkData) -> Iterator[Block]:
    """Show how many nodes lie in each k-shell, and who is in the core."""
    core = network.of("k_shell", "coreness")
    if core is None:
        yield Words("The shells were not computed.", True, "k_shell")
        return
    sizes = np.bincount(core)
    yield Chart(
        "shells",
        "Nodes in each k-shell",
        "k-shell",
        "nodes",
        (Series("nodes", np.arange(core.min(), sizes.size), sizes[core.min() :], "bar", _BLUE),),
        measure="nodes in each k-shell",
    )
    members = np.flatnonzero(core == core.max())
    best = members[np.argsort(-network.degree[members], kind="stable")[:40]]
    left = members.size - best.size
    names = ", ".join(network.labels[i] for i in best)
    more = f" and {count(left)} more" if left else ""
    yield Words(f"In the deepest core (k = {core.max()}): {names}{more}.")


@section(
    "clustering",
    page="network",
    title="Clustering, assortativity, small world",
    after="core",
    lead="Are neighbours of a node neighbours too, do hubs link to hubs, and is it a small world?",
    definition="Clustering: mean over nodes of the share of their neighbours' pairs that are "
    "linked; transitivity: that share over the whole network. Assortativity: correlation of the "
    "degrees at the two ends of a link. σ > 1: more clustered than a random graph at like path "
    "lengths; ω near 0: between lattice (−1) and random graph (1).",
    equation="σ = (C / C<sub>r</sub>) / (L / L<sub>r</sub>);&emsp; ω = L<sub>r</sub> / L − C / "
    "C<sub>l</sub>",
    source="Watts & Strogatz, Nature 393, 1998; Newman, PRL 89, 2002; Humphries & Gurney, PLoS ONE "
    "3, 2008; Telesford et al., Brain Connectivity 1, 2011",
    computed_by="clustering, assortativity, small_world",
)
def network_clustering(network: NetworkData) -> Iterator[Block]:
    """Show clustering, assortativity and small-worldness, weighted forms beside the others."""
    wanted = (
        ("clustering", "clustering", "clustering"),
        ("clustering, weighted", "clustering", "clustering_weighted"),
        ("transitivity", "clustering", "transitivity"),
        ("triangles", "clustering", "triangles"),
        ("assortativity", "assortativity", "assortativity"),
        ("small-world σ", "small_world", "sigma"),
        ("small-world ω", "small_world", "omega"),
        ("structural consistency", "structural_consistency", "structural_consistency"),
    )
    if network.bipartite:  # without triangles they compare nothing
        wanted = tuple(row for row in wanted if row[1] != "small_world")
    known = [(title, network.number(measure, q)) for title, measure, q in wanted]
    rows = [[title, significant(value)] for title, value in known if value is not None]
    if rows:
        yield Table("clustering", "Clustering and mixing", ["quantity", "value"], rows)
    else:
        yield Words("Clustering was not computed.", True, "clustering")
    local = network.of("clustering", "clustering")
    if local is not None and network.degree.max() > 2 and np.nansum(local) > 0:
        k, mean = _by_degree(network.degree, local)
        if k.size > 1:
            yield Chart(
                "clustering-by-degree",
                "Clustering by degree",
                "degree k",
                "mean clustering",
                (Series("nodes", k, mean, "points", _BLUE),),
                x_log=True,
                measure="mean clustering of nodes of degree k",
            )


def _by_degree(degree: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    keep = (degree > 1) & np.isfinite(values)
    k, place = np.unique(degree[keep], return_inverse=True)
    if not k.size:
        return k, k
    return k, np.bincount(place, weights=values[keep]) / np.bincount(place)


@section(
    "nulls",
    page="network",
    title="Against its nulls",
    after="clustering",
    lead="What would networks of the same degrees look like? A dot outside the dashed lines is "
    "structure that degrees alone do not explain.",
    definition="Null networks are drawn by swapping the ends of links, which keeps every degree; "
    "those of a bipartite network keep its two sides, too. "
    "They go on until 20 are as extreme as the network or a limit is reached; p = (1 + as extreme) "
    "/ (1 + nulls), and a value at its limit is written as a bound. z: distance from the nulls' "
    "mean in their standard deviations.",
    source="Maslov & Sneppen, Science 296, 2002; Besag & Clifford, Biometrika 78, 1991",
    computed_by="null_model_test",
)
def network_nulls(network: NetworkData) -> Iterator[Block]:
    """Show each measure against networks of the same degrees."""
    series: list[Series] = []
    rows = []
    for name, said in NULL_NAMES.items():
        get = lambda part, name=name: network.number("null_model", f"{name}_{part}")  # noqa: E731
        mean, std, z, p, n = (get(part) for part in ("null_mean", "null_std", "z", "p", "nulls"))
        if p is None or mean is None:
            continue
        limit = None if n is None else 1 / (1 + n)
        bound = p_value(p, limit).removeprefix("= ") + (f" ({n:.0f} nulls)" if n else "")
        observed = mean + (z or 0) * (std or 0)
        if abs(observed) < 1e-12 * abs(mean):  # what rounding leaves of nothing
            observed = 0.0
        cells = [significant(observed), significant(mean), significant(std or 0, 2)]
        different = "yes" if p <= DIFFERENT else "no"
        rows.append(
            [said, *cells, "–" if z is None else f"{z:+.1f}".replace("-", "−"), bound, different]
        )
        if z is not None:
            series.append(Series(said, [z], [said], "points", _BLUE))  # type: ignore[list-item]
    if not rows:
        yield Words("No nulls were drawn.", True, "null_model")
        return
    if series:
        yield Chart(
            "nulls",
            f"Distance from {null_in_words(network)}",
            "z (standard deviations)",
            "",
            tuple(series),
            (Mark("x", -2), Mark("x", 2)),
            measure="z against degree-preserving nulls",
        )
    head = ["measure", "network", "nulls' mean", "s.d.", "z", "p", f"p ≤ {DIFFERENT}"]
    yield Table("nulls", "The network and its nulls", head, rows)


@section(
    "distances",
    page="network",
    title="Distances and components",
    after="nulls",
    lead="How far apart are two nodes, and does it hold together?",
    definition="Shortest paths between the nodes of the largest component, directions aside where "
    "the measure does not say otherwise; from sampled nodes where there are very many.",
    source="Watts & Strogatz, Nature 393, 1998",
    computed_by="characteristic_path_length",
)
def network_distances(network: NetworkData) -> Iterator[Block]:
    """Show the shares of pairs at each distance, and the sizes of the components."""
    pairs = network.array("path_length", "pairs_at_distance", network.step)
    if pairs is not None and pairs.sum() > 0:
        steps = np.arange(pairs.size)
        kept = steps > 0
        yield Chart(
            "distances",
            "Pairs of nodes by distance",
            "steps apart",
            "share of pairs",
            (Series("pairs", steps[kept], pairs[kept] / pairs[kept].sum(), "bar", _BLUE),),
            share=True,
            measure="share of pairs at each distance",
        )
    else:
        yield Words("Distances were not computed.", True, "path_length")
    n, of = network.components
    if n > 1:
        sizes = np.sort(np.bincount(of))[::-1]
        rows = [[str(i + 1), count(s), percent(s / of.size)] for i, s in enumerate(sizes[:30])]
        note = (
            ""
            if n <= 30
            else f"The 30 largest of {count(n)}; {count((sizes == 1).sum())} are single nodes."
        )
        yield Table(
            "components", f"{count(n)} components", ["component", "nodes", "share"], rows, note=note
        )


@section(
    "centrality",
    page="network",
    title="Central nodes",
    after="distances",
    lead="Who matters, by which meaning of mattering?",
    definition="Betweenness: share of shortest paths that pass a node. Closeness: inverse mean "
    "distance. Eigenvector: links to those who are well linked. PageRank: where a random walker "
    "is found.",
    source="Freeman, Social Networks 1, 1978; Bonacich 1987; Page et al. 1999",
    computed_by="centrality",
)
def network_centrality(network: NetworkData) -> Iterator[Block]:
    """Show the ten most central nodes by each centrality."""
    names = [
        "degree",
        *(n for n in ("strength", "betweenness", "closeness", "eigenvector", "PageRank")),
    ]
    known = []
    for name in names:
        values = network.degree if name == "degree" else network.of(*COLUMNS[name])
        if values is not None:
            known.append((name, values))
    if len(known) < 2:
        yield Words("Centralities were not computed.", True, "centrality")
        return
    places = [network.best(values, 10) for _, values in known]
    rows = [
        [
            str(rank + 1),
            *(
                f"{network.labels[where[rank]]} ({significant(float(values[where[rank]]))})"
                for where, (_, values) in zip(places, known)
            ),
        ]
        for rank in range(min(10, len(network.labels)))
    ]
    yield Table("central", "The ten most central nodes", ["", *(name for name, _ in known)], rows)


@section(
    "robustness",
    page="network",
    title="Robustness and rich club",
    after="centrality",
    lead="What is left when hubs fall, and do hubs keep to themselves?",
    definition="Nodes are removed by degree, by coreness or at random, and the largest component "
    "is measured. Rich club: density of links among nodes of more than k links over that of "
    "networks of the same degrees.",
    source="Albert, Jeong & Barabási, Nature 406, 2000; Colizza et al., Nature Physics 2, 2006",
    computed_by="robustness, rich_club",
)
def network_robustness(network: NetworkData) -> Iterator[Block]:
    """Show the largest component as nodes are removed, and the rich club."""
    fractions = network.array("robustness", "fractions", network.step)
    if fractions is not None:
        series = []
        for name, colour in (("degree", _ORANGE), ("coreness", CATEGORIES[2]), ("random", NEUTRAL)):
            left = network.array("robustness", f"largest_component_{name}", network.step)
            if left is not None:
                series.append(
                    Series(
                        f"by {name}" if name != "random" else "at random",
                        fractions,
                        left,
                        "line",
                        colour,
                    )
                )
        yield Chart(
            "robustness",
            "The largest component as nodes are removed",
            "share of nodes removed",
            "share of nodes left in it",
            tuple(series),
            share=True,
            measure="largest component",
        )
    phi, null, degree = (
        network.array("rich_club", name, network.step) for name in ("phi", "phi_null", "degree")
    )
    if phi is not None and null is not None and degree is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(null > 0, phi / null, np.nan)
        keep = np.isfinite(ratio)
        if keep.sum() > 1:
            yield Chart(
                "rich-club",
                "Rich club: links among hubs over those expected",
                "degree above k",
                "φ / φ of the nulls",
                (Series("hubs", degree[keep], ratio[keep], "line+points", _BLUE),),
                (Mark("y", 1.0, "as expected"),),
                measure="rich club coefficient over its null",
            )
