"""All topological measures of one graph at once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..errors import UnknownName
from ..topology import Topology

__all__ = ["topological_measures"]

_DEEP = ("small_world", "rich_club", "structural_consistency", "power_law_p", "centrality")
_ALL = ("clustering", "paths", "lcp", "modularity", "k_shell", "power_law", "credit_paths", *_DEEP)


def topological_measures(
    graph: Any, measures: Collection[str] | None = None, seed: int = 0
) -> dict[str, float]:
    """Return the topological measures of a graph by name.

    Always there: nodes, links, mean_degree, density, isolated, largest_component, assortativity.
    What needs layers is left out for a general network.

    Parameters
    ----------
    graph
        A graph of any accepted kind.
    measures
        Families to compute, of ``clustering, paths, lcp, modularity, k_shell, power_law,
        credit_paths, small_world, rich_club, structural_consistency, power_law_p, centrality``;
        all by default.
    seed
        Seeds what is random.

    Returns
    -------
    dict
        Measures by name.

    Raises
    ------
    UnknownName
        If a family is unknown.

    Examples
    --------
    >>> import networkx as nx
    >>> found = topological_measures(nx.karate_club_graph(), ["paths", "k_shell"])
    >>> found["links"], found["k_max"], round(found["characteristic_path_length"], 4)
    (78, 4, 2.4082)
    """
    for name in measures or ():
        if name not in _ALL:
            raise UnknownName("family of measures", name, _ALL)
    given = getattr(graph, "topology", graph)
    topology = given if isinstance(given, Topology) else Topology.network(graph)
    topology = topology.undirected()
    found = _basic(topology)
    for name in _ALL if measures is None else measures:
        found.update(_FAMILIES[name](topology, seed))
    return found


def _basic(topology: Topology) -> dict[str, float]:
    from .degree.assortativity import assortativity

    degrees = topology.degrees
    return {
        "nodes": topology.n_nodes,
        "links": int(degrees.sum()) // 2,
        "mean_degree": float(degrees.mean()),
        "density": topology.density,
        "isolated": int((degrees == 0).sum()),
        "assortativity": assortativity(topology),
    }


def _clustering(topology: Topology, seed: int) -> dict[str, float]:
    from .structure.clustering import bipartite_clustering, clustering

    four = bipartite_clustering(topology)
    found = {"clustering_four_cycles": four.value, "clustering_latapy": four.mean_local}
    if not topology.is_layered:
        plain = clustering(topology)
        found |= {"clustering": plain.value, "transitivity": plain.transitivity}
    return found


def _paths(topology: Topology, seed: int) -> dict[str, float]:
    from .paths.lengths import path_lengths

    found = path_lengths(topology)
    return {
        "characteristic_path_length": found.characteristic,
        "global_efficiency": found.efficiency,
        "diameter": found.diameter,
        "largest_component": found.component_size,
    }


def _lcp(topology: Topology, seed: int) -> dict[str, float]:
    from .structure.lcp import lcp_correlation

    return {"lcp_correlation": lcp_correlation(topology).value}


def _modularity(topology: Topology, seed: int) -> dict[str, float]:
    from .structure.modularity import modularity, partition_modularity

    best = modularity(topology, seed)
    found = {"modularity": best.value, "communities": best.n_communities}
    if topology.is_layered:
        layers = partition_modularity(topology, topology.node_population)
        found["modularity_of_layers"] = layers
    return found


def _k_shell(topology: Topology, seed: int) -> dict[str, float]:
    from .structure.k_shell import k_shells

    shells = k_shells(topology)
    return {"k_max": shells.k_max, "core_size": int(shells.core.size)}


def _power_law(topology: Topology, seed: int, bootstraps: int = 0) -> dict[str, float]:
    from .power_laws.fit import fit_power_law

    degrees = topology.degrees
    fit = fit_power_law(degrees[degrees > 0], bootstraps=bootstraps, seed=seed)
    found = {"power_law_alpha": fit.alpha, "power_law_xmin": fit.xmin, "gamma": fit.gamma}
    return found | ({"power_law_p": fit.p_value} if bootstraps else {})


def _power_law_p(topology: Topology, seed: int) -> dict[str, float]:
    return _power_law(topology, seed, 2500)


def _credit_paths(topology: Topology, seed: int) -> dict[str, float]:
    from .paths.credit_paths import credit_assigned_paths

    if not topology.is_layered:
        return {}
    found = credit_assigned_paths(topology)
    shares = {"hub_share_every": found.share_every, "hub_share_any": found.share_any}
    return {"paths": found.total, **shares}


def _small_world(topology: Topology, seed: int) -> dict[str, float]:
    from .structure.small_world import small_worldness

    found = small_worldness(topology, seed=seed)
    return {"small_world_sigma": found.sigma, "small_world_omega": found.omega}


def _rich_club(topology: Topology, seed: int) -> dict[str, float]:
    from .structure.rich_club import rich_club

    found = rich_club(topology, seed=seed)
    return {"rich_club_peak": found.peak, "rich_club_p": found.p_value}


def _structural_consistency(topology: Topology, seed: int) -> dict[str, float]:
    from .structure.structural_consistency import structural_consistency

    found = structural_consistency(topology, seed=seed)
    return {"structural_consistency": float(getattr(found, "value", found))}


def _centrality(topology: Topology, seed: int) -> dict[str, float]:
    from .paths.centrality import centralities

    found = centralities(topology)
    names = ("betweenness", "closeness", "harmonic")
    return {f"{name}_mean": float(getattr(found, name).mean()) for name in names}


_FAMILIES = {
    "clustering": _clustering,
    "paths": _paths,
    "lcp": _lcp,
    "modularity": _modularity,
    "k_shell": _k_shell,
    "power_law": _power_law,
    "credit_paths": _credit_paths,
    "small_world": _small_world,
    "rich_club": _rich_club,
    "structural_consistency": _structural_consistency,
    "power_law_p": _power_law_p,
    "centrality": _centrality,
}
