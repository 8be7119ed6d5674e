"""Measures of a network beside those of its null model."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...snapshots import Snapshot
from ...topology import Topology
from ..measure import Array, NotApplicable, Value, measure
from .sequential import answers, limit_of_nulls

_SOURCES = 256  # paths are followed from so many nodes, in the network as in its nulls


def _questions(topology: Topology) -> dict[str, Callable[[Topology], float]]:
    from ..degree.assortativity import assortativity
    from ..paths.credit_paths import credit_assigned_paths
    from ..paths.lengths import path_lengths
    from ..structure.clustering import bipartite_clustering, clustering
    from ..structure.modularity import modularity
    from ..structure.sides import kept_sides

    asked = {
        "modularity": lambda t: modularity(t, n=1, tolerance=1e-3).value,
        "characteristic_path_length": lambda t: path_lengths(t, _SOURCES).characteristic,
        "assortativity": assortativity,
        "clustering_four_cycles": lambda t: bipartite_clustering(t).value,
    }
    if topology.is_layered:
        asked["paths"] = lambda t: float(credit_assigned_paths(t).total)
        asked["hub_share_every"] = lambda t: credit_assigned_paths(t).share_every
    elif kept_sides(topology) is None:
        asked["clustering"] = lambda t: clustering(t).value
    return asked


def _seconds(topology: Topology) -> float:
    each = 5e-6 * topology.n_links + 3e-10 * min(_SOURCES, topology.n_nodes) * topology.n_links
    return limit_of_nulls(topology.n_links) * each


@measure(
    "null_model",
    tier="deep",
    source="Maslov and Sneppen 2002; Besag and Clifford 1991",
    summary="How far modularity, path length, clustering and hubs exceed what degrees explain.",
    estimate=_seconds,
    version=3,
)
def null_model_measure(
    snapshot: Snapshot, null: str = "degree_preserving", n: int | None = None, seed: int = 0
) -> Iterator[Value | Array]:
    """Yield mean, spread, z and p of each question, and all null values.

    Null graphs are drawn until twenty are as extreme as the network, at most ``n``.
    """
    topology = snapshot.topology.undirected()
    if topology.n_links == 0:
        raise NotApplicable("the network has no links")
    most = limit_of_nulls(topology.n_links) if n is None else n
    for name, test in answers(topology, _questions(topology), most, seed, null).items():
        yield Value("network", f"{name}_null_mean", test.mean)
        yield Value("network", f"{name}_null_std", test.std)
        yield Value("network", f"{name}_z", test.z)
        yield Value("network", f"{name}_p", test.p_value, text=test.p_text)
        yield Value("network", f"{name}_nulls", test.values.size)
        yield Array(f"nulls/{name}", test.values)
