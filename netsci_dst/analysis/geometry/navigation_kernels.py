"""Greedy routing and hyperbolic distances, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def half_chord_squared(directions: NDArray[Any], i: int, j: int) -> float:
    """Return ``sin²(Δ/2)`` of the angle Δ between two radii.

    ``directions`` has rows ``(theta,)`` in the disk and unit vectors in the ball.
    """
    if directions.shape[1] == 1:
        half = np.sin(0.5 * (directions[i, 0] - directions[j, 0]))
        return half * half
    total = 0.0
    for k in range(3):
        gap = directions[i, k] - directions[j, k]
        total += gap * gap
    return 0.25 * total


@njit(cache=True, nogil=True)
def distances_from(
    i: int, directions: NDArray[Any], radius: NDArray[Any], sinh: NDArray[Any], out: NDArray[Any]
) -> None:
    """Fill ``out[j]`` with the hyperbolic distance from node ``i``.

    The law of cosines in half angles, which loses no digits where points are close.
    """
    for j in range(radius.size):
        along = np.sinh(0.5 * (radius[i] - radius[j]))
        across = sinh[i] * sinh[j] * half_chord_squared(directions, i, j)
        out[j] = 2.0 * np.arcsinh(np.sqrt(along * along + across))


@njit(cache=True, nogil=True)
def correlation_sums(
    first: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
    second: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
) -> float:
    """Return the Pearson correlation over all pairs of nodes of two sets of distances.

    Each argument is ``(directions, radius, sinh)``.
    """
    n = first[1].size
    a, b = np.empty(n), np.empty(n)
    count = 0.0
    mean_a = mean_b = var_a = var_b = both = 0.0
    for i in range(n):
        distances_from(i, first[0], first[1], first[2], a)
        distances_from(i, second[0], second[1], second[2], b)
        for j in range(i + 1, n):
            count += 1.0
            da, db = a[j] - mean_a, b[j] - mean_b
            mean_a += da / count
            mean_b += db / count
            var_a += da * (a[j] - mean_a)
            var_b += db * (b[j] - mean_b)
            both += da * (b[j] - mean_b)
    if var_a <= 0.0 or var_b <= 0.0:
        return np.nan
    return both / np.sqrt(var_a * var_b)


@njit(cache=True, nogil=True)
def route(
    indptr: NDArray[Any],
    indices: NDArray[Any],
    targets: NDArray[Any],
    directions: NDArray[Any],
    radius: NDArray[Any],
    sinh: NDArray[Any],
) -> tuple[int, int, int, float, float]:
    """Route greedily from every node to each target.

    Returns the pairs tried, the successes, the summed length of the successful routes, the summed
    ratio of route to shortest path over the successes, and the summed ratio of shortest path to
    route (0 for failures).
    """
    n = radius.size
    distance = np.empty(n)
    following = np.empty(n, np.int64)
    hops = np.empty(n, np.int64)
    short = np.empty(n, np.int64)
    queue = np.empty(n, np.int64)
    trail = np.empty(n, np.int64)
    tried, won, length = 0, 0, 0
    stretch, score = 0.0, 0.0
    for target in targets:
        distances_from(target, directions, radius, sinh, distance)
        for i in range(n):
            best = np.inf
            following[i] = -1
            for e in range(indptr[i], indptr[i + 1]):
                if distance[indices[e]] < best:
                    best = distance[indices[e]]
                    following[i] = indices[e]
            # A target among the neighbours is reached, even beside a node at its very place.
            hops[i] = -1
        for e in range(indptr[target], indptr[target + 1]):
            following[indices[e]] = target
        _follow(following, target, hops, trail)
        _breadth_first(indptr, indices, target, short, queue)
        for i in range(n):
            if i == target or short[i] < 0:
                continue
            tried += 1
            if hops[i] > 0:
                won += 1
                length += hops[i]
                stretch += hops[i] / short[i]
                score += short[i] / hops[i]
    return tried, won, length, stretch, score


@njit(cache=True, nogil=True)
def _follow(following: NDArray[Any], target: int, hops: NDArray[Any], trail: NDArray[Any]) -> None:
    """Set ``hops[i]`` to the length of the route from i, or -2 where it runs into a loop."""
    hops[target] = 0
    for i in range(following.size):
        size = 0
        node = i
        while node >= 0 and hops[node] == -1:
            hops[node] = -3
            trail[size] = node
            size += 1
            node = following[node]
        end = -2 if node < 0 or hops[node] < 0 else hops[node]
        while size > 0:
            size -= 1
            if end >= 0:
                end += 1
            hops[trail[size]] = end


@njit(cache=True, nogil=True)
def _breadth_first(
    indptr: NDArray[Any], indices: NDArray[Any], source: int, out: NDArray[Any], queue: NDArray[Any]
) -> None:
    out[:] = -1
    out[source] = 0
    queue[0] = source
    head, tail = 0, 1
    while head < tail:
        node = queue[head]
        head += 1
        for e in range(indptr[node], indptr[node + 1]):
            if out[indices[e]] < 0:
                out[indices[e]] = out[node] + 1
                queue[tail] = indices[e]
                tail += 1
