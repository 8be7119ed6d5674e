"""Bipartite scale-free model: a Barabási-Albert graph made bipartite."""

from __future__ import annotations

import numpy as np

from ...registry import register
from ._degrees import join
from ._sampling import sample_distinct


@register(
    "initialiser", "bsf", source="CHTs-24 section 3.1.1, CHTss appendices D and E", takes_first=True
)
def bsf(
    n_source: int,
    n_target: int,
    n_links: int,
    *,
    rng: np.random.Generator,
    features: np.ndarray | None = None,
    first: bool = False,
    equal_partition: bool = False,
    resort: bool = False,
) -> np.ndarray:
    """Bipartite scale free: hubs on both sides, by preferential attachment.

    A Barabási-Albert graph is grown on all neurons, which are put on the two sides at random; links
    within a side are rewired across, degrees kept. Where one side then has too many link ends (the
    sides differ in size), the surplus moves to the other in proportion to the degrees.

    Parameters
    ----------
    first
        Whether the sources are the model's inputs.
    equal_partition
        Give all inputs of the first layer the same degree (to within one), outputs keeping theirs.
    resort
        Order hidden neurons by degree on either side of each layer, so that a neuron that many
        links enter is one that many leave; inputs stay where they are.

    Returns
    -------
    numpy.ndarray
        int64 keys ``source * n_target + target``, increasing, shape (n_links,).
    """
    from ._kernels import barabasi_albert

    n = n_source + n_target
    ends = barabasi_albert(n, n_links, rng)
    side = rng.permutation(n)
    place = side[ends]
    across = (place < n_source).sum(axis=1) == 1
    source_degree = np.bincount(place[place < n_source], minlength=n_source)
    target_degree = np.bincount(place[place >= n_source] - n_source, minlength=n_target)
    source_degree = _bring_to(n_links, source_degree, n_target, rng)
    target_degree = _bring_to(n_links, target_degree, n_source, rng)
    if first and equal_partition:
        source_degree = np.full(n_source, n_links // n_source)
        source_degree[sample_distinct(n_source, n_links % n_source, rng)] += 1
        kept = np.empty(0, np.int64)
    else:
        pair = np.sort(place[across], axis=1)
        kept = pair[:, 0] * n_target + (pair[:, 1] - n_source)
    keys = join(source_degree, target_degree, kept, rng)
    return _resorted(keys, n_source, n_target, first, rng) if resort else keys


def _bring_to(total: int, degree: np.ndarray, cap: int, rng: np.random.Generator) -> np.ndarray:
    """Return degrees of at most ``cap`` that add up to ``total``, ends moved by degree."""
    degree = np.minimum(degree, cap)
    while (missing := total - int(degree.sum())) != 0:
        if missing < 0:
            owner = np.repeat(np.arange(len(degree)), degree)
            drop = rng.choice(len(owner), -missing, replace=False, shuffle=False)
            degree = degree - np.bincount(owner[drop], minlength=len(degree))
        else:
            # One more than the degree: a neuron without links can still gain some.
            weight = np.where(degree < cap, degree + 1.0, 0.0)
            gain = rng.multinomial(missing, weight / weight.sum())
            degree = np.minimum(degree + gain, cap)
    return degree


def _resorted(
    keys: np.ndarray, n_source: int, n_target: int, first: bool, rng: np.random.Generator
) -> np.ndarray:
    source, target = np.divmod(keys, n_target)
    target = _rank_by_degree(target, n_target, rng)[target]
    if not first:
        source = _rank_by_degree(source, n_source, rng)[source]
    return np.sort(source * n_target + target)


def _rank_by_degree(ends: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    degree = np.bincount(ends, minlength=n)
    order = np.lexsort((rng.random(n), -degree))
    rank = np.empty(n, np.int64)
    rank[order] = np.arange(n)
    return rank
