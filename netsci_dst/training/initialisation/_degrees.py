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
        Increasing int64 keys, as many as the degrees ask for. Where there is no simple graph with
        the degrees, as can happen in dense layers, the links that do not fit are at random places.
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
    if len(found) < len(keys):
        found = _completed(found, source_degree, target_degree, rng)
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


def _completed(
    keys: np.ndarray, source_degree: np.ndarray, target_degree: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Add the links that are missing to given degrees, as far as there are such graphs.

    Each comes by an alternating path of links that are added and links that are removed, between
    a source and a target that lack one (maximum flow by augmenting paths).
    """
    n_source, n_target = len(source_degree), len(target_degree)
    linked = np.zeros((n_source, n_target), bool)
    linked.reshape(-1)[keys] = True
    short = target_degree - linked.sum(axis=0)
    lacking = rng.permutation(np.repeat(np.arange(n_source), source_degree - linked.sum(axis=1)))
    for source in lacking:
        path = _alternating_path(linked, source, short > 0, rng)
        for u, v in path:
            linked[u, v] = ~linked[u, v]
        if path:
            short[path[-1][1]] -= 1
    return np.flatnonzero(linked)


def _alternating_path(
    linked: np.ndarray, start: int, ends: np.ndarray, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Return a shortest path of absent and present links in turn, from a source to an end.

    Empty if there is none.
    """
    came_from_source = np.full(linked.shape[1], -1)
    came_from_target = np.full(linked.shape[0], -1)
    seen = np.zeros(linked.shape[0], bool)
    seen[start] = True
    layer = [start]
    while layer:
        reached = []
        for u in layer:
            new = np.flatnonzero(~linked[u] & (came_from_source < 0))
            came_from_source[new] = u
            reached.append(rng.permutation(new))
        targets = np.concatenate(reached)
        done = targets[ends[targets]]
        if done.size:
            return _back_to(start, int(done[0]), came_from_source, came_from_target)
        layer = []
        for v in targets:
            new = np.flatnonzero(linked[:, v] & ~seen)
            seen[new], came_from_target[new] = True, v
            layer.extend(new.tolist())
    return []


def _back_to(
    start: int, target: int, came_from_source: np.ndarray, came_from_target: np.ndarray
) -> list[tuple[int, int]]:
    path = []
    while True:
        source = int(came_from_source[target])
        path.append((source, target))
        if source == start:
            return path[::-1]
        target = int(came_from_target[source])
        path.append((source, target))
