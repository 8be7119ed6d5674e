"""Attachment and loss: how the links that a node gains and loses depend on its degree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...checks import whole_number
from .history import LinkHistory
from .placement import chance_of_gains, chance_of_losses
from .poisson import poisson_slope
from .sources import link_history

__all__ = ["DegreeKernel", "attachment_kernel", "loss_kernel"]

_BINS = 24
_BAND = (2.5, 97.5)


@dataclass(frozen=True, eq=False)
class DegreeKernel:
    """Links gained or lost per node and step, by the node's degree before it.

    Attributes
    ----------
    degree
        Mean degree in each bin of degrees, increasing, shape ``(n_bins,)``.
    rate, low, high
        Links per node and step, with the 95 % band over resampled nodes.
    null, null_low, null_high
        The same where chance alone places or removes the links, on the same degrees: their mean
        and the range of 95 % of them.
    nodes
        Number of nodes in each bin, summed over steps.
    exponent, interval
        Of ``rate ~ degree^exponent`` for degrees from 1 up (Poisson regression), and its 95 %
        interval over resampled nodes.
    null_exponent, null_interval
        Those of the null.
    """

    degree: NDArray[np.float64]
    rate: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    null: NDArray[np.float64]
    null_low: NDArray[np.float64]
    null_high: NDArray[np.float64]
    nodes: NDArray[np.int64]
    exponent: float
    interval: tuple[float, float]
    null_exponent: float
    null_interval: tuple[float, float]

    @property
    def depends(self) -> int:
        """1 where the exponent lies above chance for certain, −1 below, 0 where neither."""
        if self.interval[0] > self.null_interval[1]:
            return 1
        return -1 if self.interval[1] < self.null_interval[0] else 0


def attachment_kernel(
    given: Any, bootstraps: int = 200, nulls: int = 20, seed: int = 0
) -> DegreeKernel:
    """Measure how many links a node gains per step, by its degree.

    Preferential attachment has an exponent near 1, attachment regardless of degree one near 0. The
    null keeps the degrees before each step and places as many links uniformly among the absent
    ones of the same layer. Nodes that were not there before the step gain nothing here.

    Parameters
    ----------
    given
        A run, a `LinkHistory`, or a sequence of networks.
    bootstraps
        Resamples of the nodes behind the bands.
    nulls
        Placements by chance.
    seed
        Seeds both.

    Returns
    -------
    DegreeKernel
        Rates by degree with bands, and the exponents of the data and of chance.

    Raises
    ------
    NetsciError
        If there are fewer than two states, or their nodes differ.

    References
    ----------
    Jeong, Néda and Barabási, Europhys. Lett. 61, 567 (2003); Survival, section 8.

    Examples
    --------
    >>> import networkx as nx
    >>> grown = [nx.barabasi_albert_graph(n, 3, seed=1) for n in range(100, 400, 20)]
    >>> kernel = attachment_kernel(grown, bootstraps=50, nulls=5)
    >>> round(kernel.exponent, 1), abs(kernel.null_exponent) < 0.1
    (0.9, True)
    """
    return _kernel(link_history(given), True, bootstraps, nulls, seed)


def loss_kernel(given: Any, bootstraps: int = 200, nulls: int = 20, seed: int = 0) -> DegreeKernel:
    """Measure how many links a node loses per step, by its degree.

    Where chance alone removes links the exponent is 1: every link is as likely to go. Below it,
    links of well-linked nodes are kept.

    Parameters
    ----------
    given, bootstraps, nulls, seed
        As for `attachment_kernel`; the null removes as many links uniformly.

    Returns
    -------
    DegreeKernel
        Rates by degree with bands, and the exponents of the data and of chance.

    Raises
    ------
    NetsciError
        If there are fewer than two states, or their nodes differ.

    Examples
    --------
    >>> import networkx as nx
    >>> thinned = [nx.barabasi_albert_graph(n, 3, seed=1) for n in range(400, 100, -20)]
    >>> for graph in thinned:
    ...     graph.add_nodes_from(range(400))
    >>> kernel = loss_kernel(thinned, bootstraps=50, nulls=5)
    >>> round(kernel.null_exponent, 1)
    1.0
    """
    return _kernel(link_history(given), False, bootstraps, nulls, seed)


def kernel_in_words(kernel: DegreeKernel, kind: Literal["gain", "loss"]) -> str:
    """Return what a kernel says, with its numbers."""
    low, high = kernel.interval
    numbers = (
        f"exponent {kernel.exponent:.2f} (95 % interval {low:.2f} to {high:.2f}; "
        f"by chance {kernel.null_exponent:.2f})"
    )
    if not np.isfinite(kernel.exponent):
        return "too few links change to tell"
    if kind == "gain":
        said = {1: "preferential attachment", 0: "no preference", -1: "against well-linked nodes"}
    else:
        said = {
            1: "well-linked nodes lose more than chance",
            0: "links are lost as by chance",
            -1: "well-linked nodes keep their links",
        }
    return f"{said[kernel.depends]}: {numbers}"


def _kernel(
    history: LinkHistory, gains: bool, bootstraps: int, nulls: int, seed: int
) -> DegreeKernel:
    bootstraps = whole_number("bootstraps", bootstraps, 2)
    nulls = whole_number("nulls", nulls, 2)
    rng = np.random.default_rng(seed)
    top = max(int(history.degrees(t).max(initial=0)) for t in range(len(history.states) - 1))
    edges = _edges(top)
    shape = (history.n, edges.size)
    exposed, hits, sums = np.zeros(shape), np.zeros(shape), np.zeros(edges.size)
    drawn = np.zeros((nulls, edges.size))
    nodes = np.arange(history.n)
    for t in range(len(history.states) - 1):
        degree = history.degrees(t)
        there = history.arrived <= t
        place = np.searchsorted(edges, degree, side="right") - 1
        exposed[nodes[there], place[there]] += 1
        sums += np.bincount(place[there], weights=degree[there], minlength=edges.size)
        changed = history.gained(t) if gains else history.lost(t)
        hits[nodes[there], place[there]] += history.count(changed)[there]
        chance = chance_of_gains if gains else chance_of_losses
        for i in range(nulls):
            found = history.count(chance(history, t, changed, rng))
            drawn[i] += np.bincount(place[there], weights=found[there], minlength=edges.size)
    return _summary(exposed, hits, sums, drawn, bootstraps, rng)


def _summary(
    exposed: NDArray[np.float64],
    hits: NDArray[np.float64],
    sums: NDArray[np.float64],
    drawn: NDArray[np.float64],
    bootstraps: int,
    rng: np.random.Generator,
) -> DegreeKernel:
    total = exposed.sum(axis=0)
    used = total > 0
    exposed, hits, drawn, total = exposed[:, used], hits[:, used], drawn[:, used], total[used]
    degree = sums[used] / total
    n = len(exposed)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=bootstraps)
    seen, found = weights @ exposed, weights @ hits
    rates = np.divide(found, seen, out=np.full(found.shape, np.nan), where=seen > 0)
    slopes = np.array([poisson_slope(degree, *pair) for pair in zip(found, seen)])
    chance = np.array([poisson_slope(degree, row, total) for row in drawn])
    low, high = _band(rates)
    null_low, null_high = _band(drawn / total)
    return DegreeKernel(
        degree=degree, rate=hits.sum(axis=0) / total, low=low, high=high,
        null=drawn.mean(axis=0) / total, null_low=null_low, null_high=null_high,
        nodes=total.astype(np.int64), exponent=poisson_slope(degree, hits.sum(axis=0), total),
        interval=_interval(slopes), null_exponent=float(np.mean(chance)),
        null_interval=_interval(chance),
    )  # fmt: skip


def _edges(top: int) -> NDArray[np.int64]:
    """Return the lower ends of the bins: 0, then all degrees one by one, then in equal ratios."""
    ratios = np.geomspace(1, max(2, top), _BINS)
    return np.unique(np.concatenate([[0], np.round(ratios).astype(np.int64)]))


def _band(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    known = np.where(np.isnan(rows).all(axis=0), 0.0, rows)
    low, high = np.nanpercentile(known, _BAND, axis=0)
    return low, high


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not known.size:
        return (float("nan"), float("nan"))
    low, high = np.percentile(known, _BAND)
    return float(low), float(high)
