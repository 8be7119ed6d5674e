"""Lineage: which communities and which core go on from one state of a network to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..structure.k_shell import k_shells
from ..structure.modularity import modularity
from .sources import link_history

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["community_lineage", "core_lineage"]

_SAME_FROM = 0.1  # Jaccard overlap of members


def community_lineage(given: Any, seed: int = 0) -> pd.DataFrame:
    """Follow communities through the states of a network.

    A community goes on under its number where it and its successor are each other's nearest by
    Jaccard overlap of members, from 0.1 up (Greene, Doyle and Cunningham 2010). Communities of
    one node are left out.

    Parameters
    ----------
    given
        A run, a `LinkHistory`, or a sequence of networks.
    seed
        Seeds the communities.

    Returns
    -------
    pandas.DataFrame
        A row per state and community: time, community, size, overlap with its predecessor (NaN for
        a new one), and event, one of born, goes on.

    Raises
    ------
    NetsciError
        If there are fewer than two states, or their nodes differ.

    Examples
    --------
    >>> import networkx as nx
    >>> graphs = [nx.connected_caveman_graph(3, 5), nx.connected_caveman_graph(4, 5)]
    >>> table = community_lineage(graphs)
    >>> table.query("time == 1")[["community", "size", "event"]].values.tolist()
    [[0, 5, 'goes on'], [1, 5, 'goes on'], [2, 5, 'goes on'], [3, 5, 'born']]
    """
    import pandas as pd

    history = link_history(given)
    rows, before, numbers, born = [], [], [], 0
    for t, time in enumerate(history.times):
        found = modularity(history.adjacency(t), seed, n=3).membership
        now = [np.flatnonzero(found == c) for c in range(int((np.bincount(found) > 1).sum()))]
        heirs = _heirs(before, now)
        labels = []
        for place, members in enumerate(now):
            old, overlap = heirs.get(place, (None, float("nan")))
            label = born if old is None else numbers[old]
            born += old is None
            labels.append(label)
            event = "born" if old is None else "goes on"
            rows.append((float(time), label, members.size, overlap, event))
        before, numbers = now, labels
    return pd.DataFrame(rows, columns=["time", "community", "size", "overlap", "event"])


def core_lineage(given: Any) -> pd.DataFrame:
    """Follow the core, the nodes of the highest shell, through the states of a network.

    Parameters
    ----------
    given
        A run, a `LinkHistory`, or a sequence of networks.

    Returns
    -------
    pandas.DataFrame
        A row per state: time, k_max, size, overlap with the core before (Jaccard, NaN at first),
        and from_first, the share of the first core that is in the core now.

    Raises
    ------
    NetsciError
        If there are fewer than two states, or their nodes differ.

    Examples
    --------
    >>> import networkx as nx
    >>> graphs = [nx.lollipop_graph(4, 2), nx.lollipop_graph(5, 1)]
    >>> core_lineage(graphs)[["k_max", "size", "overlap", "from_first"]].values.tolist()
    [[3.0, 4.0, nan, 1.0], [4.0, 5.0, 0.8, 1.0]]
    """
    import pandas as pd

    history = link_history(given)
    rows: list[tuple[float, int, int, float, float]] = []
    first: NDArray[np.int64] | None = None
    before: NDArray[np.int64] | None = None
    for t, time in enumerate(history.times):
        shells = k_shells(history.adjacency(t))
        core = shells.core
        first = core if first is None else first
        overlap = float("nan") if before is None else _jaccard(before, core)
        kept = float(np.isin(first, core).mean()) if first.size else float("nan")
        rows.append((float(time), shells.k_max, core.size, overlap, kept))
        before = core
    return pd.DataFrame(rows, columns=["time", "k_max", "size", "overlap", "from_first"])


def _heirs(
    before: list[NDArray[np.int64]], now: list[NDArray[np.int64]]
) -> dict[int, tuple[int, float]]:
    """Return predecessor and overlap of those now that are mutually nearest to one before."""
    if not before or not now:
        return {}
    overlap = np.array([[_jaccard(old, new) for new in now] for old in before])
    nearest_new, nearest_old = overlap.argmax(axis=1), overlap.argmax(axis=0)
    return {
        new: (int(old), float(overlap[old, new]))
        for new, old in enumerate(nearest_old)
        if nearest_new[old] == new and overlap[old, new] >= _SAME_FROM
    }


def _jaccard(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    both = np.intersect1d(a, b, assume_unique=True).size
    union = a.size + b.size - both
    return both / union if union else float("nan")
