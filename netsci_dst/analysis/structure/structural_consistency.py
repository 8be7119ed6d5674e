"""Structural consistency: how well the missing links of a network can be told from the rest."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...checks import whole_number
from ...errors import NetsciError
from ...graphs import as_adjacency
from ...snapshots import Snapshot
from ...topology import Topology
from ..measure import NotApplicable, Value, measure
from ..scopes import graph_scopes

__all__ = ["StructuralConsistency", "structural_consistency"]


class StructuralConsistency(float):
    """The mean share of removed links that were found again: a float with its repetitions.

    Attributes
    ----------
    values
        The share in each repetition.
    """

    values: tuple[float, ...]

    def __new__(cls, values: tuple[float, ...]) -> StructuralConsistency:  # noqa: D102
        made = super().__new__(cls, float(np.mean(values)))
        made.values = values
        return made

    @property
    def error(self) -> float:
        """Standard error of the mean over the repetitions."""
        if len(self.values) < 2:
            return math.nan
        return float(np.std(self.values, ddof=1) / math.sqrt(len(self.values)))

    def __getnewargs__(self) -> tuple[tuple[float, ...]]:
        return (self.values,)

    def __repr__(self) -> str:
        return f"StructuralConsistency({float(self):.4f}, repeats={len(self.values)})"


def structural_consistency(
    graph: Any, fraction: float = 0.1, repeats: int = 10, seed: int = 0
) -> StructuralConsistency:
    """Return how regular a network's structure is: the share of removed links found again.

    A random ``⌈fraction · links⌉`` links are removed and put back as a first-order perturbation
    of the eigenvalues alone. Of all pairs not linked after the removal, as many as were removed
    are taken by their score in the perturbed matrix; the share of removed links among them is
    the consistency, averaged over repetitions. Equal scores at the threshold count in the
    proportion that a random choice among them would take.

    Parameters
    ----------
    graph
        A graph of any accepted kind. A bipartite one, such as any layered network without
        shortcuts of even length, costs about an eighth.
    fraction
        Share of the links to remove, between 0 and 1.
    repeats
        Number of repetitions.
    seed
        Seeds the removals.

    Returns
    -------
    StructuralConsistency
        A float, with ``values`` and ``error``.

    Raises
    ------
    NetsciError
        If the graph has too few links to remove some and keep some.

    References
    ----------
    Lü, Pan, Zhou, Zhang, Stanley, PNAS 112, 2325 (2015), equations 1 to 5.

    Examples
    --------
    >>> import networkx as nx
    >>> float(structural_consistency(nx.complete_bipartite_graph(8, 9)))
    1.0
    """
    if not 0 < fraction < 1:
        raise NetsciError(f"the fraction of links to remove lies between 0 and 1, not {fraction}")
    repeats, seed = whole_number("repeats", repeats, 1), whole_number("seed", seed)
    adjacency: Any = as_adjacency(graph)
    n = adjacency.shape[0]
    active = np.flatnonzero(np.diff(adjacency.indptr))
    inner = adjacency[active][:, active].tocsr().sorted_indices()
    rows = np.repeat(np.arange(active.size), np.diff(inner.indptr))
    upper = rows < inner.indices
    links = np.stack([rows[upper], inner.indices[upper]]).astype(np.int64)
    total = links.shape[1]
    count = math.ceil(fraction * total - 1e-9)
    if not 0 < count < total:
        raise NetsciError(
            f"the network has {total} links: too few to remove a share of {fraction} and keep some"
        )
    solve = _solver(inner, links, n)
    found = []
    for child in np.random.SeedSequence(seed).spawn(repeats):
        out = np.zeros(total, dtype=bool)
        out[np.random.default_rng(child).choice(total, size=count, replace=False)] = True
        found.append(solve(links[:, ~out], links[:, out]))
    return StructuralConsistency(tuple(found))


def _solver(inner: Any, links: NDArray[np.int64], n: int) -> Any:
    """Return the function from kept and removed links to the share that is found again."""
    from . import perturbation as perturbation

    size = inner.shape[0]
    side = perturbation.two_sides(inner.indptr.astype(np.int64), inner.indices.astype(np.int64))
    pairs = n * (n - 1) // 2
    if side[0] < 0:

        def solve(kept: NDArray[np.int64], removed: NDArray[np.int64]) -> float:
            scores = perturbation.general_scores(size, kept, removed)
            return _share_found(scores, True, kept, removed, pairs - size * (size - 1) // 2)

        return solve
    place = np.where(side == 0, np.cumsum(side == 0), np.cumsum(side == 1)) - 1
    shape = (int((side == 0).sum()), int((side == 1).sum()))

    def across(ends: NDArray[np.int64]) -> NDArray[np.int64]:
        flip = side[ends[0]] == 1
        return np.where(flip, place[ends[::-1]], place[ends])

    def solve_bipartite(kept: NDArray[np.int64], removed: NDArray[np.int64]) -> float:
        kept, removed = across(kept), across(removed)
        scores = perturbation.bipartite_scores(shape, kept, removed)
        return _share_found(scores, False, kept, removed, pairs - shape[0] * shape[1])

    return solve_bipartite


def _share_found(
    scores: NDArray[np.floating],
    upper: bool,
    kept: NDArray[np.int64],
    removed: NDArray[np.int64],
    zeros: int,
) -> float:
    """Return the share of removed links among as many best-scored pairs that are not kept.

    ``zeros`` further pairs, not listed in ``scores``, have a score of exactly 0.
    """
    from .perturbation import unobserved

    size = removed.shape[1]
    order = np.lexsort((kept[1], kept[0]))
    indptr = np.zeros(scores.shape[0] + 1, np.int64)
    np.cumsum(np.bincount(kept[0], minlength=scores.shape[0]), out=indptr[1:])
    indices = kept[1][order]
    own = scores[removed[0], removed[1]]
    slack = 1e-10 if scores.dtype == np.float64 else 1e-7  # rounding of scores of at most 1
    others = unobserved(scores, upper, indptr, indices, slack)
    if others.size < size:
        others = unobserved(scores, upper, indptr, indices, -np.inf)
        others = np.concatenate([others, np.zeros(min(zeros, size))])
        zeros = max(0, zeros - size)
    threshold = np.partition(others, others.size - size)[others.size - size]
    above = int((others > threshold + slack).sum())
    within = int((np.abs(others - threshold) <= slack).sum())
    within += zeros if abs(threshold) <= slack else 0
    hits = int((own > threshold + slack).sum())
    tied = int((np.abs(own - threshold) <= slack).sum())
    return (hits + tied * (size - above) / within) / size


def _seconds(topology: Topology) -> float:
    # Five repetitions; a layered network is taken to be bipartite.
    n = topology.n_nodes / (2 if topology.is_layered else 1)
    return 5 * (1.6e-10 if topology.is_layered else 2.2e-10) * n**3


@measure(
    "structural_consistency",
    tier="deep",
    source="Lü et al. 2015",
    summary="How regular the wiring is: the share of removed links that can be told from the rest.",
    estimate=lambda topology: sum(_seconds(part) for _, part in graph_scopes(topology)),
    version=2,
)
def _measure(
    snapshot: Snapshot, fraction: float = 0.1, repeats: int = 5, seed: int = 0
) -> Iterator[Value]:
    few = True
    for scope, topology in graph_scopes(snapshot.topology):
        if topology.n_links * fraction < 1 or topology.n_links < 10:
            continue
        few = False
        found = structural_consistency(topology, fraction, repeats, seed)
        yield Value(scope, "structural_consistency", float(found))
        yield Value(scope, "structural_consistency_error", found.error)
    if few:
        raise NotApplicable("the network has too few links to remove a share of them")
