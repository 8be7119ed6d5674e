"""Weighted draws on a ring, compiled."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

# Above this exponent the weights of far sources underflow: the draw then works on logarithms.
_LARGEST_EXPONENT = 40.0


def draw_receptive_fields(
    n_source: int, n_target: int, degrees: np.ndarray, exponent: float, rng: np.random.Generator
) -> np.ndarray:
    """Draw each target's distinct sources with weight ``(1 + ring distance)^-exponent``.

    Targets whose position between the sources has the same fraction share one tree of weights,
    so memory is that of one tree and the result.

    Returns
    -------
    numpy.ndarray
        Sources, grouped by target in order, int64 of shape (degrees.sum(),).
    """
    # Position of target j is j * n_source / n_target; its fraction is phase / n_target.
    phase = np.arange(n_target) * n_source % n_target
    order = np.argsort(phase, kind="stable")
    starts = np.cumsum(degrees) - degrees
    draw = _draw if exponent <= _LARGEST_EXPONENT else _draw_by_keys
    return draw(n_source, n_target, degrees, starts, phase, order, exponent, rng)


@njit(cache=True)
def _log_weights(n_source, n_target, phase, exponent, out):
    """Fill the logarithms of the weights of the sources as seen from a target at ``phase``."""
    longer = max(n_source, n_target)
    scale = longer / n_source
    fraction = phase / n_target
    for offset in range(n_source):
        distance = abs(offset - fraction) * scale
        out[offset] = -exponent * math.log1p(min(distance, longer - distance))


@njit(cache=True)
def _draw(n_source, n_target, degrees, starts, phase, order, exponent, rng):
    """Draw from a tree of sums: what is drawn leaves the tree until its target is done."""
    leaves = 1
    while leaves < n_source:
        leaves *= 2
    tree = np.zeros(2 * leaves)
    weight = np.empty(n_source)
    drawn = np.empty(degrees.sum(), np.int64)
    previous = -1
    for target in order:
        if phase[target] != previous:
            previous = phase[target]
            _log_weights(n_source, n_target, previous, exponent, weight)
            tree[leaves : leaves + n_source] = np.exp(weight)
            for node in range(leaves - 1, 0, -1):
                tree[node] = tree[2 * node] + tree[2 * node + 1]
        start = starts[target]
        for i in range(start, start + degrees[target]):
            drawn[i] = _descend(tree, leaves, rng.random() * tree[1])
            _set(tree, leaves + drawn[i], 0.0)
        position = target * n_source // n_target
        for i in range(start, start + degrees[target]):
            _set(tree, leaves + drawn[i], math.exp(weight[drawn[i]]))
            drawn[i] = (position + drawn[i]) % n_source
    return drawn


@njit(cache=True)
def _descend(tree, leaves, u):
    node = 1
    while node < leaves:
        node *= 2
        # Rounding may lead past the last weight: an empty branch is never entered.
        if (u >= tree[node] or tree[node] == 0.0) and tree[node + 1] > 0.0:
            u -= tree[node]
            node += 1
    return node - leaves


@njit(cache=True)
def _set(tree, node, value):
    tree[node] = value
    node //= 2
    while node >= 1:
        tree[node] = tree[2 * node] + tree[2 * node + 1]
        node //= 2


def _draw_by_keys(n_source, n_target, degrees, starts, phase, order, exponent, rng):
    """Draw the largest Gumbel keys: the same distribution, with logarithms only."""
    drawn = np.empty(degrees.sum(), np.int64)
    weight = np.empty(n_source)
    for target in order:
        _log_weights(n_source, n_target, phase[target], exponent, weight)
        # Minus the logarithm of an exponential variable is a Gumbel variable.
        keys = np.log(rng.standard_exponential(n_source)) - weight
        degree = degrees[target]
        best = np.argpartition(keys, degree - 1)[:degree] if degree else keys[:0].astype(int)
        position = target * n_source // n_target
        drawn[starts[target] : starts[target] + degree] = (position + best) % n_source
    return drawn


def barabasi_albert(n: int, n_links: int, rng: np.random.Generator) -> np.ndarray:
    """Grow a graph of ``n`` nodes and exactly ``n_links`` links by preferential attachment.

    Node i links to m (for some nodes, drawn at random, m + 1) distinct earlier nodes in proportion
    to their degrees; the first m + 1 nodes are all linked to each other.

    Returns
    -------
    numpy.ndarray
        Both ends of each link, int64 of shape (n_links, 2).
    """
    m = 0
    while m + 1 < n and _grown(n, m + 1) <= n_links:
        m += 1
    extra = n_links - _grown(n, m)
    wanted = np.minimum(np.arange(n), m)
    wanted[m + 1 + rng.choice(max(n - m - 1, 0), extra, replace=False)] += 1
    return _attach(wanted, n_links, rng)


def _grown(n: int, m: int) -> int:
    return m * (m + 1) // 2 + m * (n - m - 1)


@njit(cache=True)
def _attach(wanted, n_links, rng):
    ends = np.empty((n_links, 2), np.int64)
    # Every end of every link once: drawing from it is drawing in proportion to degree.
    pool = np.empty(2 * n_links, np.int64)
    chosen = np.full(len(wanted), -1, np.int64)
    n_ends = 0
    for node in range(len(wanted)):
        start = n_ends // 2
        found = 0
        while found < wanted[node]:
            # The earliest nodes may have no links yet: then all earlier ones are as likely.
            blind = n_ends == 0 or wanted[node] >= node or rng.random() * (n_ends + 1) < 1
            other = rng.integers(0, node) if blind else pool[rng.integers(0, n_ends)]
            if chosen[other] != node:
                chosen[other] = node
                ends[start + found, 0] = node
                ends[start + found, 1] = other
                found += 1
        for i in range(start, start + found):
            pool[n_ends] = ends[i, 0]
            pool[n_ends + 1] = ends[i, 1]
            n_ends += 2
    return ends


@njit(cache=True)
def exchange(starts, source, target, repeated, tries, rng):
    """Swap the targets of repeated links with random links so that none repeats, in place.

    Links are grouped by source. Returns which of the repeated ones could be solved.
    """
    solved = np.zeros(len(repeated), np.bool_)
    for place in range(len(repeated)):
        i = repeated[place]
        a, c = source[i], target[i]
        for _ in range(tries):
            j = rng.integers(0, len(target))
            b, d = source[j], target[j]
            if (
                a != b
                and c != d
                and not _has(starts, target, a, d)
                and not _has(starts, target, b, c)
            ):
                target[i], target[j] = d, c
                solved[place] = True
                break
    return solved


@njit(cache=True)
def _has(starts, target, node, other):
    found = False
    for i in range(starts[node], starts[node + 1]):
        found = found or target[i] == other
    return found
