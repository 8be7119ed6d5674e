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


@njit(cache=True)
def _draw_by_keys(n_source, n_target, degrees, starts, phase, order, exponent, rng):
    """Draw the largest Gumbel keys: the same distribution, with logarithms only."""
    weight = np.empty(n_source)
    keys = np.empty(n_source)
    drawn = np.empty(degrees.sum(), np.int64)
    previous = -1
    for target in order:
        if phase[target] != previous:
            previous = phase[target]
            _log_weights(n_source, n_target, previous, exponent, weight)
        for offset in range(n_source):
            keys[offset] = math.log(-math.log(1.0 - rng.random())) - weight[offset]
        position = target * n_source // n_target
        best = np.argsort(keys)[: degrees[target]]
        drawn[starts[target] : starts[target] + degrees[target]] = (position + best) % n_source
    return drawn
