"""Measures of sparse networks: functions on any graph, and the same measures over whole runs.

One folder per family: power laws, degree, structure, paths, geometry, dynamics, nulls. The public
names of all of them are names here, resolved when first used, so that importing this package is
quick. A graph is an ``igraph.Graph``, a ``networkx.Graph``, a scipy sparse matrix, or a topology
or snapshot of this package.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .across_runs import *  # noqa: F403
    from .compared_runs import *  # noqa: F403
    from .degree.activity import *  # noqa: F403
    from .degree.assortativity import *  # noqa: F403
    from .degree.degrees import *  # noqa: F403
    from .degree.dormant import *  # noqa: F403
    from .degree.input_maps import *  # noqa: F403
    from .directions import *  # noqa: F403
    from .dynamics.ages import *  # noqa: F403
    from .dynamics.evolution import *  # noqa: F403
    from .dynamics.growth import *  # noqa: F403
    from .dynamics.history import *  # noqa: F403
    from .dynamics.kernels import *  # noqa: F403
    from .dynamics.lineage import *  # noqa: F403
    from .dynamics.sources import *  # noqa: F403
    from .dynamics.topology_distance import *  # noqa: F403
    from .geometry.angular_separation import *  # noqa: F403
    from .geometry.embedding import *  # noqa: F403
    from .geometry.navigation import *  # noqa: F403
    from .nulls.models import *  # noqa: F403
    from .nulls.sequential import *  # noqa: F403
    from .overview import *  # noqa: F403
    from .paths.centrality import *  # noqa: F403
    from .paths.credit_paths import *  # noqa: F403
    from .paths.lengths import *  # noqa: F403
    from .paths.weighted import *  # noqa: F403
    from .power_laws.fit import *  # noqa: F403
    from .runner import *  # noqa: F403
    from .stored_results import *  # noqa: F403
    from .structure.clustering import *  # noqa: F403
    from .structure.k_shell import *  # noqa: F403
    from .structure.lcp import *  # noqa: F403
    from .structure.modularity import *  # noqa: F403
    from .structure.rich_club import *  # noqa: F403
    from .structure.robustness import *  # noqa: F403
    from .structure.small_world import *  # noqa: F403
    from .structure.structural_consistency import *  # noqa: F403
    from .verdict import *  # noqa: F403

# Which file holds which public names: a test checks it against every file's ``__all__``.
PUBLIC: dict[str, tuple[str, ...]] = {
    "across_runs": (
        "MeanError",
        "PairedTest",
        "mean_and_error",
        "paired_wilcoxon",
        "rank_correlations",
        "spearman_interval",
    ),
    "directions": ("Arcs", "arcs", "usable_arcs"),
    "compared_runs": (
        "area_across_epochs",
        "areas_to_common_epoch",
        "comparison",
        "replicates",
        "setting",
        "win_rate",
    ),
    "degree.activity": ("ActiveNeurons", "active_neurons"),
    "degree.assortativity": ("assortativity",),
    "degree.degrees": ("Degrees", "degree_correlation", "degrees"),
    "degree.dormant": (
        "DormancyHistory",
        "activation_scores",
        "dormant_neurons",
        "dormancy_history",
    ),
    "degree.input_maps": ("InputMap", "input_maps"),
    "dynamics.ages": ("LinkAges", "Survival", "link_ages", "reliable_exploration", "survival"),
    "dynamics.growth": ("Growth", "growth"),
    "dynamics.history": ("LinkHistory",),
    "dynamics.kernels": ("DegreeKernel", "attachment_kernel", "loss_kernel"),
    "dynamics.lineage": ("community_lineage", "core_lineage"),
    "dynamics.evolution": ("ElmEpisode", "elm_episodes", "itop_rate", "link_overlap"),
    "dynamics.sources": ("history_of_events", "history_of_networks", "link_history"),
    "dynamics.topology_distance": ("TopologyDistance", "common_links", "topology_distance"),
    "geometry.angular_separation": ("AngularSeparation", "angular_separation_index"),
    "geometry.embedding": ("Embedding", "coalescent_embedding"),
    "geometry.navigation": (
        "GreedyRouting",
        "align_angles",
        "greedy_routing",
        "hyperbolic_distance_correlation",
        "hyperbolic_distances",
    ),
    "verdict": ("in_words",),
    "nulls.models": ("degree_preserving", "null_model", "random_links"),
    "nulls.sequential": ("NullModelTest", "null_model_test"),
    "overview": ("topological_measures",),
    "paths.centrality": ("Centralities", "centralities"),
    "paths.credit_paths": ("CreditAssignedPaths", "credit_assigned_paths"),
    "paths.lengths": (
        "PathLengths",
        "characteristic_path_length",
        "global_efficiency",
        "path_lengths",
    ),
    "paths.weighted": ("DirectedPathLengths", "directed_path_lengths"),
    "power_laws.fit": (
        "PowerLawFit",
        "PowerLawSpread",
        "cht_gamma",
        "compare_distributions",
        "fit_power_law",
        "power_law_ccdf",
        "power_law_spread",
    ),
    "runner": ("analyze",),
    "stored_results": ("Results", "results"),
    "structure.clustering": (
        "BipartiteClustering",
        "Clustering",
        "bipartite_clustering",
        "clustering",
        "weighted_clustering",
    ),
    "structure.k_shell": ("KShells", "k_shells"),
    "structure.lcp": ("LocalCommunity", "lcp_correlation"),
    "structure.modularity": ("Modularity", "modularity", "partition_modularity"),
    "structure.rich_club": ("RichClub", "rich_club"),
    "structure.robustness": ("Robustness", "removal_order", "robustness"),
    "structure.small_world": ("SmallWorld", "small_worldness"),
    "structure.structural_consistency": ("StructuralConsistency", "structural_consistency"),
}


_HOME = {name: module for module, names in PUBLIC.items() for name in names}
__all__ = [*_HOME]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
