"""Dormant neurons: those with few links, those that hardly fire, and those who never wake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...checks import finite_numbers
from ...errors import NetsciError
from ...graphs import as_adjacency
from ...run import Run
from ...snapshots import Snapshot
from ..measure import Array, NotApplicable, Value, measure
from ..scopes import node_groups, refuse_general

__all__ = ["DormancyHistory", "activation_scores", "dormancy_history", "dormant_neurons"]

_SURVIVAL = "Survival, section 5.4, fig. 9"
_SOKAR = "Sokar et al., ICML 2023, definition 3.1"


def dormant_neurons(graph: Any, threshold: float = 10) -> NDArray[np.bool_]:
    """Return which neurons have at most ``threshold`` links, shape ``(n_nodes,)``.

    Parameters
    ----------
    graph
        A graph of any accepted kind.
    threshold
        τ; Survival uses 10 and 110 for networks 95 % sparse.

    Returns
    -------
    numpy.ndarray
        Booleans, shape ``(n_nodes,)``.

    Raises
    ------
    NetsciError
        If the threshold is negative.

    References
    ----------
    Survival, section 5.4 and fig. 9.

    Examples
    --------
    >>> import networkx as nx
    >>> dormant_neurons(nx.star_graph(3), threshold=1).tolist()
    [False, True, True, True]
    """
    if not threshold >= 0:
        raise NetsciError(f"a threshold of degree must be at least 0, not {threshold}")
    return np.diff(as_adjacency(graph).indptr) <= threshold


def activation_scores(mean_abs: ArrayLike) -> NDArray[np.float64]:
    """Return ``s_i = E|h_i| / mean_k E|h_k|`` of the neurons of one population.

    A neuron with a score of at most τ is τ-dormant. Where no neuron fires, all scores are 0.

    Parameters
    ----------
    mean_abs
        E|h_i| over a batch, shape ``(n_neurons,)``.

    Returns
    -------
    numpy.ndarray
        Score of each neuron, shape ``(n_neurons,)``, float64.

    Raises
    ------
    NetsciError
        If there is no mean, or one is negative or not finite.

    References
    ----------
    Sokar, Agarwal, Castro & Evci, "The dormant neuron phenomenon in deep reinforcement learning",
    ICML 2023, definition 3.1.

    Examples
    --------
    >>> activation_scores([0.0, 1.0, 2.0]).tolist()
    [0.0, 1.0, 2.0]
    """
    activity = finite_numbers("mean absolute activations", mean_abs)
    if activity.size == 0 or activity.min() < 0:
        raise NetsciError("mean absolute activations must be finite and at least 0")
    if not activity.any():
        return np.zeros_like(activity)
    scaled = activity / activity.max()  # the mean of the smallest numbers would round to 0
    return scaled / scaled.mean()


@dataclass(frozen=True, eq=False)
class DormancyHistory:
    """What became of dormant neurons, over the snapshots of a run.

    Attributes
    ----------
    always, ever
        Which neurons were dormant in all snapshots, and in at least one, shape ``(n_neurons,)``.
    woke
        Those dormant at some time and awake at a later one.
    never_woke
        Those dormant at some time that from the first such snapshot on stayed so to the end.
    since
        Position of the snapshot from which each neuron slept to the end; -1 for those awake then.
    """

    always: NDArray[np.bool_]
    ever: NDArray[np.bool_]
    woke: NDArray[np.bool_]
    never_woke: NDArray[np.bool_]
    since: NDArray[np.int64]


def dormancy_history(dormant: Sequence[ArrayLike] | NDArray[np.bool_]) -> DormancyHistory:
    """Tell which dormant neurons woke up again, and which never did.

    Parameters
    ----------
    dormant
        Whether each neuron is dormant in each snapshot, shape ``(n_snapshots, n_neurons)``.

    Returns
    -------
    DormancyHistory
        For each neuron whether it was dormant always, ever, woke, never woke, and since when.

    Raises
    ------
    NetsciError
        If the shape is another.

    Examples
    --------
    >>> history = dormancy_history([[0, 1, 1, 0], [1, 0, 1, 0], [1, 1, 1, 0]])
    >>> history.never_woke.tolist(), history.woke.tolist(), history.since.tolist()
    ([True, False, True, False], [False, True, False, False], [1, 2, 0, -1])
    """
    asleep = np.asarray(dormant, dtype=bool)
    if asleep.ndim != 2 or asleep.shape[0] < 1:
        raise NetsciError("dormancy_history needs an array of shape (n_snapshots, n_neurons)")
    ever: NDArray[np.bool_] = np.any(asleep, axis=0, keepdims=True)[0]
    always: NDArray[np.bool_] = np.all(asleep, axis=0, keepdims=True)[0]
    first = np.where(ever, asleep.argmax(axis=0), len(asleep))
    trailing = np.logical_and.accumulate(asleep[::-1], axis=0).sum(axis=0)
    since = np.where(trailing > 0, len(asleep) - trailing, -1)
    never_woke = ever & (since == first)
    return DormancyHistory(always, ever, ever & ~never_woke, never_woke, since)


@measure("dormant", tier="cheap", source=f"{_SURVIVAL}; {_SOKAR}")
def dormant(
    snapshot: Snapshot,
    degree: Sequence[float] = (10, 110),
    activation: Sequence[float] = (0.0, 0.025, 0.1),
) -> Iterator[Value | Array]:
    """Neurons with at most τ links, and neurons at most τ times as active as their population.

    Links of a neuron are those to all its neighbours in the sparse layers. Activations are those
    on the probe batch that is stored with the snapshot; where none are, only links count.
    """
    topology = snapshot.topology
    refuse_general(topology)
    scores = _scores(snapshot)
    known = ~np.isnan(scores)
    for scope, member in node_groups(topology):
        for tau in degree:
            asleep = topology.degrees[member] <= tau
            yield Value(scope, f"degree_{tau:g}", int(asleep.sum()))
            yield Value(scope, f"degree_{tau:g}_share", float(asleep.mean()))
        watched = member & known
        if watched.any():
            for tau in activation:
                asleep = scores[watched] <= tau
                yield Value(scope, f"activation_{tau:g}", int(asleep.sum()))
                yield Value(scope, f"activation_{tau:g}_share", float(asleep.mean()))
    if known.any():
        yield Array("activation_score", scores)


@measure("never_wake", tier="cheap", takes="run", source=f"{_SURVIVAL}; {_SOKAR}")
def never_wake(
    run: Run, degree: Sequence[float] = (10, 110), activation: Sequence[float] = (0.025,)
) -> Iterator[Value | Array]:
    """Dormant neurons over a run: how many always slept, woke again, or never woke."""
    if len(run.snapshots) < 2:
        raise NotApplicable("the run has fewer than two snapshots to follow neurons through")
    rows, members = _dormancy_over_time(run, degree, activation)
    for rule, asleep in rows.items():
        history = dormancy_history(asleep)
        for scope, member in members.items():
            for name in ("always", "ever", "woke", "never_woke"):
                yield Value(scope, f"{name}_{rule}", int(getattr(history, name)[member].sum()))
        yield Array(f"since_{rule}", history.since)


def _dormancy_over_time(
    run: Run, degree: Sequence[float], activation: Sequence[float]
) -> tuple[dict[str, list[NDArray[np.bool_]]], Mapping[str, NDArray[np.bool_]]]:
    rows: dict[str, list[NDArray[np.bool_]]] = {}
    members: dict[str, NDArray[np.bool_]] = {}
    n_snapshots = len(run.snapshots)
    for snapshot in run.snapshots:
        topology = snapshot.topology
        now = dict(node_groups(topology))
        if members and (
            now.keys() != members.keys() or now["network"].size != members["network"].size
        ):
            raise NotApplicable("the neurons are not the same in all snapshots")
        members = now
        for tau in degree:
            rows.setdefault(f"degree_{tau:g}", []).append(topology.degrees <= tau)
        scores = _scores(snapshot)
        if not np.isnan(scores).all():
            for tau in activation:
                rows.setdefault(f"activation_{tau:g}", []).append(scores <= tau)
    # Activations that are missing in some snapshots cannot tell who woke in between.
    return {rule: asleep for rule, asleep in rows.items() if len(asleep) == n_snapshots}, members


def _scores(snapshot: Snapshot) -> NDArray[np.float64]:
    """Return the activation score of each node; NaN where no activation is stored."""
    topology = snapshot.topology
    scores = np.full(topology.n_nodes, np.nan)
    for population in topology.graph_populations:
        stored = snapshot.activity.get(population.name, {}).get("mean_abs")
        if stored is not None:
            scores[topology.nodes(population.name)] = activation_scores(stored)
    return scores
