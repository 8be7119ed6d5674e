"""Ages of links: how long they stay, by the degrees of their ends, and which tries last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .history import LinkHistory
from .sources import link_history

__all__ = ["LinkAges", "Survival", "link_ages", "reliable_exploration", "survival"]


@dataclass(frozen=True, eq=False)
class Survival:
    """A Kaplan–Meier curve.

    Attributes
    ----------
    age
        Ages at which links went, increasing from 0, shape ``(n_ages,)``.
    share, low, high
        Share of links that outlive each age, and its 95 % interval (Greenwood, on the log scale).
    half_life
        First age at which no more than half are left; NaN where more than half outlive the data.
    links
        Number of links followed.
    """

    age: NDArray[np.float64]
    share: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    half_life: float
    links: int


@dataclass(frozen=True, eq=False)
class LinkAges:
    """Every spell of every link, from its coming to its going.

    Attributes
    ----------
    key
        The link's number, ``source * n + target``.
    born, gone
        States in which it was first there, and first no more; the number of states for a link that
        is there to the end.
    age
        Time between them; for a link that stays, up to the last state.
    ended
        Whether the link went; else its age is a lower bound.
    initial
        Whether it was there in the first state: its true age is unknown.
    degree
        Mean degree of its ends in the state in which it was first there.
    unit
        Of the ages.
    """

    key: NDArray[np.int64]
    born: NDArray[np.int64]
    gone: NDArray[np.int64]
    age: NDArray[np.float64]
    ended: NDArray[np.bool_]
    initial: NDArray[np.bool_]
    degree: NDArray[np.float64]
    unit: str

    def survival(self, initial: bool = False) -> Survival:
        """Return the survival of the links that were gained, or of those there from the start."""
        chosen = self.initial == initial
        return survival(self.age[chosen], self.ended[chosen])

    def by_degree(self, groups: int = 4) -> list[tuple[float, float, Survival]]:
        """Return lowest and highest degree and the survival of groups of gained links.

        The groups have about as many links each.
        """
        new = np.flatnonzero(~self.initial)
        if not new.size:
            return []
        cuts = np.unique(np.quantile(self.degree[new], np.linspace(0, 1, groups + 1)))
        place = np.clip(np.searchsorted(cuts, self.degree[new], side="right") - 1, 0, cuts.size - 2)
        found = []
        for group in np.unique(place):
            here = new[place == group]
            degrees = self.degree[here]
            curve = survival(self.age[here], self.ended[here])
            found.append((float(degrees.min()), float(degrees.max()), curve))
        return found


def link_ages(given: Any) -> LinkAges:
    """Follow every link through the states of a network.

    Parameters
    ----------
    given
        A run, a `LinkHistory`, or a sequence of networks.

    Returns
    -------
    LinkAges
        One entry per spell of a link.

    Raises
    ------
    NetsciError
        If there are fewer than two states, or their nodes differ.

    Examples
    --------
    >>> import networkx as nx
    >>> states = [nx.path_graph(3), nx.Graph([(0, 1), (0, 2)]), nx.Graph([(0, 1)])]
    >>> for graph in states:
    ...     graph.add_nodes_from(range(3))
    >>> ages = link_ages(states)
    >>> ages.key.tolist(), ages.born.tolist(), ages.gone.tolist(), ages.ended.tolist()
    ([5, 2, 1], [0, 1, 0], [1, 2, 3], [True, True, False])
    """
    history = link_history(given)
    parts = []
    alive = history.states[0]
    born = np.zeros(alive.size, dtype=np.int64)
    for t in range(1, len(history.states)):
        stays = np.isin(alive, history.states[t], assume_unique=True)
        parts.append((alive[~stays], born[~stays], np.full((~stays).sum(), t)))
        new = np.setdiff1d(history.states[t], alive, assume_unique=True)
        alive = np.concatenate([alive[stays], new])
        born = np.concatenate([born[stays], np.full(new.size, t)])
    parts.append((alive, born, np.full(alive.size, len(history.states))))
    key, born, gone = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _spells(history, key, born, gone)


def _spells(
    history: LinkHistory, key: NDArray[np.int64], born: NDArray[np.int64], gone: NDArray[np.int64]
) -> LinkAges:
    last = len(history.states) - 1
    ended = gone <= last
    age = history.times[np.minimum(gone, last)] - history.times[born]
    u, v = history.ends(key)
    degree = np.empty(key.size)
    for t in np.unique(born):
        here = born == t
        degrees = history.degrees(t)
        degree[here] = (degrees[u[here]] + degrees[v[here]]) / 2
    return LinkAges(key, born, gone, age, ended, born == 0, degree, history.unit)


def survival(age: NDArray[np.float64], ended: NDArray[np.bool_]) -> Survival:
    """Return the Kaplan–Meier curve of ages, of which those that have not ended are lower bounds.

    Parameters
    ----------
    age
        Age of each link, shape ``(n,)``.
    ended
        Whether the link went at that age; else it lived at least so long, shape ``(n,)``.

    Returns
    -------
    Survival
        The curve with its 95 % band, and the half-life.

    References
    ----------
    Kaplan and Meier, J. Am. Stat. Assoc. 53, 457 (1958); Greenwood 1926.

    Examples
    --------
    >>> import numpy as np
    >>> curve = survival(np.array([1.0, 2.0, 2.0, 3.0]), np.array([True, True, False, True]))
    >>> curve.age.tolist(), curve.share.tolist(), curve.half_life
    ([0.0, 1.0, 2.0, 3.0], [1.0, 0.75, 0.5, 0.0], 2.0)
    """
    times, place = np.unique(age[ended], return_inverse=True)
    went = np.bincount(place, minlength=times.size)
    at_risk = age.size - np.searchsorted(np.sort(age), times, side="left")
    share = np.cumprod(1 - went / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(at_risk > went, went / (at_risk * (at_risk - went)), np.inf)
        spread = np.sqrt(np.cumsum(terms))
        low, high = share * np.exp(-1.96 * spread), share * np.exp(1.96 * spread)
    low, high = np.nan_to_num(low), np.nan_to_num(np.minimum(high, 1.0), nan=0.0)
    below = np.flatnonzero(share <= 0.5)
    start = np.ones(1)
    return Survival(
        age=np.concatenate([np.zeros(1), times]),
        share=np.concatenate([start, share]).astype(np.float64),
        low=np.concatenate([start, low]).astype(np.float64),
        high=np.concatenate([start, high]),
        half_life=float(times[below[0]]) if below.size else float("nan"),
        links=int(age.size),
    )


def reliable_exploration(given: Any, most: int | None = None) -> NDArray[np.float64]:
    """Return the share of the links tried that stayed for 1, 2, 3, ... states after their coming.

    Only links that could have stayed so long count; NaN where there are none.

    Parameters
    ----------
    given
        A run, a `LinkHistory`, a sequence of networks, or `LinkAges`.
    most
        Up to how many states; by default as many as there are after the first.

    Returns
    -------
    numpy.ndarray
        The share that stayed for at least 1, 2, 3, ... states, shape ``(n,)``.

    References
    ----------
    Survival, section 8; in-time over-parameterisation: Liu et al., ICML 2021.

    Examples
    --------
    >>> import networkx as nx
    >>> states = [nx.empty_graph(3) for _ in range(4)]
    >>> for graph, links in zip(states, [[(0, 1)], [(0, 1), (1, 2)], [(0, 2), (1, 2)], [(1, 2)]]):
    ...     graph.add_edges_from(links)
    >>> reliable_exploration(states).tolist()
    [0.5, 1.0]
    """
    ages = given if isinstance(given, LinkAges) else link_ages(given)
    states = int(ages.gone.max(initial=1))
    longest = max(0, states - 2) if most is None else most
    new = ~ages.initial
    born, gone = ages.born[new], ages.gone[new]
    shares = np.full(longest, np.nan)
    for n in range(1, longest + 1):
        could = born + n <= states - 1
        if could.any():
            shares[n - 1] = float((gone[could] - born[could] > n).mean())
    return shares
