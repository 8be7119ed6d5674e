"""A bipartite graph with given degrees on both sides."""

from __future__ import annotations

import numpy as np

from ._sampling import sample_absent

# Random partners tried for each repeated link before it is given up.
_TRIES = 2000


def join(
    source_degree: np.ndarray, target_degree: np.ndarray, kept: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the keys of a simple bipartite graph with these degrees, at random.

    Parameters
    ----------
    source_degree, target_degree
        Equal sums; each at most the size of the other side.
    kept
        Keys of links to keep where the degrees allow.

    Returns
    -------
    numpy.ndarray
        Increasing int64 keys, as many as the degrees ask for. Where no simple graph with the
        degrees is found, as can happen in dense layers, the last few links are at random places.
    """
    n_source, n_target = len(source_degree), len(target_degree)
    kept = _within(kept, source_degree, target_degree, rng)
    source = np.repeat(
        np.arange(n_source), source_degree - np.bincount(kept // n_target, minlength=n_source)
    )
    target = np.repeat(
        np.arange(n_target), target_degree - np.bincount(kept % n_target, minlength=n_target)
    )
    keys = np.sort(np.concatenate([kept, source * n_target + rng.permutation(target)]))
    found = np.sort(_without_repeats(keys, n_source, n_target, rng))
    extra = sample_absent(n_source * n_target, found, len(keys) - len(found), rng)
    return np.sort(np.concatenate([found, extra]))


def _within(
    kept: np.ndarray, source_degree: np.ndarray, target_degree: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Drop links at random where a neuron would have more than its degree."""
    n_target = len(target_degree)
    for ends, degree in (
        (lambda k: k // n_target, source_degree),
        (lambda k: k % n_target, target_degree),
    ):
        kept = rng.permutation(kept)
        order = np.argsort(ends(kept), kind="stable")
        node = ends(kept)[order]
        count = np.bincount(node, minlength=len(degree))
        rank = np.arange(len(node)) - (np.cumsum(count) - count)[node]
        kept = kept[order[rank < degree[node]]]
    return kept


def _without_repeats(
    keys: np.ndarray, n_source: int, n_target: int, rng: np.random.Generator
) -> np.ndarray:
    """Exchange the targets of repeated links with those of random others; drop what still repeats.

    The keys are increasing.
    """
    from ._kernels import exchange

    source, target = np.divmod(keys, n_target)
    starts = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=n_source))])
    repeated = rng.permutation(np.flatnonzero(keys[1:] == keys[:-1]) + 1)
    solved = exchange(starts, source, target, repeated, _TRIES, rng)
    keys = source * n_target + target
    keep = np.ones(len(keys), bool)
    keep[repeated[~solved]] = False
    return keys[keep]
