"""Sub-ranking of tied links by how alike their ends' shortest paths are (CHT appendix J)."""

from __future__ import annotations

import numpy as np

from ._bipartite import Bipartite
from ._rules import Rule


def shortest_path_correlation(layer: Bipartite, rule: Rule, keys: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation of the shortest paths from the two ends of each pair.

    Links weigh ``1 / (1 + score)``; a node's vector holds its distances to all nodes of both
    sides, unreachable ones being farthest.

    Parameters
    ----------
    keys
        Pairs ``source * n_target + target``, shape (n,).
    """
    import scipy.sparse as sp
    from scipy.sparse.csgraph import shortest_path
    from scipy.stats import rankdata

    source = np.repeat(np.arange(layer.n_source), np.diff(layer.ptr))
    weight = 1 / (1 + link_scores(layer, rule))
    n = layer.n_source + layer.n_target
    graph = sp.csr_array((weight, (source, layer.n_source + layer.idx)), shape=(n, n))
    u, v = np.divmod(keys, layer.n_target)
    v = v + layer.n_source
    ends, place = np.unique(np.concatenate([u, v]), return_inverse=True)
    distance = shortest_path(graph, directed=False, indices=ends)
    # Distances that are equal on paper must rank as equal.
    ranks = rankdata(np.round(distance, 10), axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    norm = np.sqrt((ranks**2).sum(axis=1, keepdims=True))
    ranks /= np.where(norm > 0, norm, 1.0)
    first, second = place[: len(keys)], place[len(keys) :]
    return np.round(np.einsum("ij,ij->i", ranks[first], ranks[second]), 10)


def link_scores(layer: Bipartite, rule: Rule) -> np.ndarray:
    """Return the score of each existing link by the same definition, in order of key.

    The link itself is no part of a path between its ends, nor external to one: each common
    neighbour's count of internal links leaves out the one to the opposite end.
    """
    a = layer.dense().astype(np.float64)
    d_source, d_target = a.sum(1), a.sum(0)
    seen = [
        _as_seen(a @ a.T, d_source, rule),
        _as_seen(a.T @ a, d_target, rule),
    ]
    scores = np.empty(layer.n_links)
    place = 0
    for u in range(layer.n_source):
        targets = layer.idx[layer.ptr[u] : layer.ptr[u + 1]]
        own, other = seen[0][u].copy(), seen[1][np.ix_(targets, targets)].copy()
        own[u] = 0.0
        np.fill_diagonal(other, 0.0)
        # other[i, j]: neighbour j of u as seen from target i; inner[j, i]: sources between them.
        inner = (a[:, targets] * own[:, None]).T @ a[:, targets]
        if rule.on == "path":
            found = np.einsum("ij,ji->i", other, inner)
        else:
            reached = (a[:, targets].T @ a[:, targets] - 1 > 0) * other
            found = own @ a[:, targets] + reached.sum(axis=1)
        scores[place : place + len(targets)] = found
        place += len(targets)
    return scores


def _as_seen(shared: np.ndarray, degree: np.ndarray, rule: Rule) -> np.ndarray:
    """Contributions of each column node as seen from each row node, between linked ends."""
    internal = shared - 1
    value = rule.contribution(degree[None, :], np.maximum(internal, 0))
    return np.where(internal > 0 if rule.on == "node" else shared > 0, value, 0.0)
