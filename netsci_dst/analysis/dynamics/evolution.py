"""How a topology evolved: links ever tried (ITOP), overlap of updates, and local minima (ELM)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import NetsciError
from ...run import Run
from ...topology import Layer
from ..measure import NotApplicable, Value, measure

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ElmEpisode", "elm_episodes", "itop_rate", "link_overlap"]

_CHT = "CHT, early stop and weight refinement, fig. A2"
_ALL = "all"
_THRESHOLD = 0.9


@dataclass(frozen=True)
class ElmEpisode:
    """A spell that a layer spent in an epitopological local minimum.

    Attributes
    ----------
    start, end
        First and last position, in the sequence of updates, with an overlap of at least θ.
    updates
        Number of updates it lasted.
    start_step, end_step
        The training steps of its ends; the positions when none were given.
    overlap
        Mean overlap inside.
    ongoing
        Whether it lasted to the last update.
    """

    start: int
    end: int
    updates: int
    start_step: int
    end_step: int
    overlap: float
    ongoing: bool


def elm_episodes(
    overlap: ArrayLike, steps: ArrayLike | None = None, threshold: float = _THRESHOLD
) -> tuple[ElmEpisode, ...]:
    """Find when a layer was in an epitopological local minimum, and for how long.

    Parameters
    ----------
    overlap
        ``|removed ∩ regrown| / |regrown|`` at each update of one layer, shape ``(n_updates,)``; NaN
        where nothing was regrown, which ends an episode.
    steps
        Training step of each update, shape ``(n_updates,)``.
    threshold
        θ.

    Returns
    -------
    tuple of ElmEpisode
        In the order of time.

    Raises
    ------
    NetsciError
        If there are not as many steps as overlaps, or the threshold is not in (0, 1].

    References
    ----------
    CHT, early stop and weight refinement: a layer stops evolving when the overlap passes 0.9.

    Examples
    --------
    >>> found = elm_episodes([0.2, 0.95, 0.9, 0.5, 1.0], [10, 20, 30, 40, 50])
    >>> [(episode.start_step, episode.end_step) for episode in found]
    [(20, 30), (50, 50)]
    """
    values = np.asarray(overlap, dtype=np.float64).ravel()
    at = np.arange(values.size) if steps is None else np.asarray(steps).ravel()
    if at.shape != values.shape:
        raise NetsciError(f"there are {values.size} overlaps but {at.size} steps")
    if not 0 < threshold <= 1:
        raise NetsciError(f"the threshold of overlap must lie in (0, 1], not {threshold}")
    inside = np.concatenate([[False], values >= threshold, [False]])
    starts = np.flatnonzero(inside[1:] & ~inside[:-1])
    ends = np.flatnonzero(inside[:-1] & ~inside[1:]) - 1
    return tuple(
        ElmEpisode(
            int(a), int(b), int(b - a + 1), int(at[a]), int(at[b]),
            float(values[a : b + 1].mean()), bool(b == values.size - 1),
        )
        for a, b in zip(starts, ends, strict=True)
    )  # fmt: skip


def link_overlap(removed: ArrayLike, regrown: ArrayLike) -> float:
    """Return ``|removed ∩ regrown| / |regrown|`` of two sets of links; NaN when none was regrown.

    Parameters
    ----------
    removed, regrown
        One number per link, such as ``source * n_target + target``; no repeats.

    Returns
    -------
    float
        From 0 to 1.

    Examples
    --------
    >>> link_overlap([1, 2, 3], [3, 4]), link_overlap([1, 2, 3], [2, 3])
    (0.5, 1.0)
    """
    old, new = np.asarray(removed).ravel(), np.asarray(regrown).ravel()
    return float(np.isin(new, old).mean()) if new.size else float("nan")


def itop_rate(layers: list[Layer] | tuple[Layer, ...]) -> float:
    """Return the share of possible links that was active in at least one state of a layer.

    Of the states given only: links that came and went between two snapshots are not seen, so from
    snapshots this is a lower bound of the rate recorded while training.

    Parameters
    ----------
    layers
        The states of one layer, in any order.

    Returns
    -------
    float
        From the layer's density to 1.

    Raises
    ------
    NetsciError
        If there is no state, or the states differ in shape.

    References
    ----------
    Liu et al., "Do we actually need dense over-parameterization?", ICML 2021 (ITOP).

    Examples
    --------
    >>> import numpy as np
    >>> from netsci_dst import Topology
    >>> links = [np.array([[1, 0], [0, 1]]), np.array([[1, 1], [0, 0]])]
    >>> itop_rate([Topology.chain([state]).layers[0] for state in links])
    0.75
    """
    if not layers:
        raise NetsciError("itop_rate needs at least one state of the layer")
    if len({layer.shape for layer in layers}) > 1:
        raise NetsciError("the states of a layer must have one shape")
    ever: NDArray[np.int64] = layers[0].keys
    for layer in layers[1:]:
        ever = np.union1d(ever, layer.keys)
    return ever.size / layers[0].n_possible


def _table(run: Run, column: str) -> pd.DataFrame:
    frame = run.evolution
    if frame.empty or column not in frame or frame[column].isna().all():
        raise NotApplicable(
            f"the run has no record of {column}: it cannot be rebuilt from snapshots"
        )
    return frame.sort_values("step", kind="stable")


def _scope(layer: str) -> str:
    return "network" if layer == _ALL else str(layer)


def _series(run: Run, column: str) -> Iterator[tuple[str, pd.DataFrame]]:
    for layer, rows in _table(run, column).groupby("layer", sort=False):
        yield _scope(str(layer)), rows


@measure("itop", tier="cheap", takes="run", source="Liu et al. 2021; CHTss, fig. 3")
def itop(run: Run) -> Iterator[Value]:
    """Share of all possible links that was ever active, after each update."""
    for scope, rows in _series(run, "itop"):
        for step, value in zip(rows["step"], rows["itop"], strict=True):
            if value == value:
                yield Value(scope, "itop", float(value), step=int(step))


@measure("overlap", tier="cheap", takes="run", source=_CHT)
def overlap(run: Run) -> Iterator[Value]:
    """Share of the regrown links that had just been removed, at each update."""
    for scope, rows in _series(run, "overlap"):
        for step, value in zip(rows["step"], rows["overlap"].astype(float), strict=True):
            if value == value:
                yield Value(scope, "overlap", float(value), step=int(step))


def overlap_threshold(recipe: Mapping[str, Any]) -> float:
    """Return θ, the overlap from which a layer is in a local minimum, from a run's recipe."""
    return float(recipe.get("method_options", {}).get("overlap_threshold", _THRESHOLD))


@measure("elm", tier="cheap", takes="run", source=_CHT)
def elm(run: Run, threshold: float | None = None) -> Iterator[Value]:
    """Epitopological local minima: which layers, from when, and for how long (overlap >= θ).

    θ is the recipe's ``overlap_threshold``, or 0.9, where none is given.
    """
    least = overlap_threshold(run.recipe) if threshold is None else threshold
    settled = 0
    for scope, rows in _series(run, "overlap"):
        values = rows["overlap"].astype(float).to_numpy()
        if "early_stopped" in rows:
            values = _held(values, rows["early_stopped"].fillna(False).astype(bool).to_numpy())
        episodes = elm_episodes(values, rows["step"].to_numpy(), least)
        yield Value(scope, "episodes", len(episodes), text=_in_words(episodes))
        yield Value(scope, "updates", sum(episode.updates for episode in episodes))
        yield Value(scope, "longest", max((episode.updates for episode in episodes), default=0))
        yield Value(scope, "first_step", episodes[0].start_step if episodes else float("nan"))
        ongoing = bool(episodes and episodes[-1].ongoing)
        yield Value(scope, "ongoing", float(ongoing))
        settled += ongoing and scope != "network"
        for episode in episodes:
            yield Value(scope, "episode", episode.updates, step=episode.start_step)
    yield Value("network", "layers_settled", settled)


def _held(values: NDArray[np.float64], stopped: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Let a layer that stopped evolving stay at the overlap at which it stopped."""
    held = values.copy()
    for i in range(1, held.size):
        if stopped[i] and np.isnan(held[i]):
            held[i] = held[i - 1]
    return held


def _in_words(episodes: tuple[ElmEpisode, ...]) -> str:
    if not episodes:
        return "never"
    parts = [
        f"steps {e.start_step} to {'the end' if e.ongoing else e.end_step} ({e.updates} updates)"
        for e in episodes
    ]
    return "; ".join(parts)
