"""Counting the samples of other groups inside a group, on the circle and on the sphere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

_NONE = -1


@njit(cache=True, nogil=True)
def circle_mistakes(labels: NDArray[Any], sizes: NDArray[Any], out: NDArray[Any]) -> None:
    """Fill ``out[k]`` with the mistakes of each group; ``labels`` in order of angle.

    The samples of other groups between neighbours of one group, the largest gap left out; -1 for
    a group of fewer than two.
    """
    n, groups = labels.size, sizes.size
    first = np.full(groups, _NONE, np.int64)
    last = np.full(groups, _NONE, np.int64)
    gap = np.zeros(groups, np.int64)
    for i in range(n):
        k = labels[i]
        if first[k] == _NONE:
            first[k] = i
        else:
            gap[k] = max(gap[k], i - last[k] - 1)
        last[k] = i
    for k in range(groups):
        if sizes[k] < 2:
            out[k] = _NONE
        else:
            around = n - last[k] + first[k] - 1
            out[k] = n - sizes[k] - max(gap[k], around)


@njit(cache=True, nogil=True)
def sphere_mistakes(
    labels: NDArray[Any],
    sizes: NDArray[Any],
    azimuth: NDArray[Any],
    elevation: NDArray[Any],
    order: NDArray[Any],
    out: NDArray[Any],
) -> None:
    """Fill ``out[k]`` with the mistakes of each group on the azimuth-elevation chart.

    A group's arc of azimuth leaves out its largest gap in ranks; the mistakes are the samples of
    other groups strictly inside the convex hull of the group, azimuth counted from the start of
    the arc. -1 for a group of fewer than three, or all on one line with others in its frame.
    """
    n, groups = labels.size, sizes.size
    start = np.zeros(groups + 1, np.int64)
    for k in range(groups):
        start[k + 1] = start[k] + sizes[k]
    rank = np.empty(n, np.int64)  # ranks of azimuth of each group's samples, increasing
    fill = start[:-1].copy()
    for i in range(n):
        k = labels[order[i]]
        rank[fill[k]] = i
        fill[k] += 1
    x = np.empty(n)
    y = np.empty(n)
    for k in range(groups):
        size = sizes[k]
        if size < 3:
            out[k] = _NONE
            continue
        ranks = rank[start[k] : start[k + 1]]
        out[k] = _inside_group(k, labels, ranks, azimuth, elevation, order, x, y)


@njit(cache=True, nogil=True)
def _inside_group(
    k: int,
    labels: NDArray[Any],
    ranks: NDArray[Any],
    azimuth: NDArray[Any],
    elevation: NDArray[Any],
    order: NDArray[Any],
    x: NDArray[Any],
    y: NDArray[Any],
) -> int:
    n, size = labels.size, ranks.size
    widest, at = -1, 0
    for i in range(size):
        follower = ranks[i + 1] if i < size - 1 else ranks[0] + n
        if follower - ranks[i] - 1 > widest:
            widest, at = follower - ranks[i] - 1, i
    crosses = at < size - 1
    low = azimuth[order[ranks[at + 1]]] if crosses else azimuth[order[ranks[0]]]
    high = azimuth[order[ranks[at]]] if crosses else azimuth[order[ranks[size - 1]]]
    bottom, top = np.inf, -np.inf
    for i in range(size):
        value = elevation[order[ranks[i]]]
        bottom, top = min(bottom, value), max(top, value)
    start = ranks[at + 1] if crosses else ranks[0]
    px, py = np.empty(size), np.empty(size)
    own, others = 0, 0
    for step in range(n):
        # In order of azimuth, so that the group's points come sorted but for rounding and ties.
        i = order[start + step - n if start + step >= n else start + step]
        a = azimuth[i]
        if elevation[i] < bottom or elevation[i] > top:
            continue
        if crosses and low > a > high:
            continue
        if not crosses and not (low <= a <= high):
            continue
        along = a + (2 * np.pi - low) if crosses else a - low
        if along >= 2 * np.pi:
            along -= 2 * np.pi
        up = elevation[i] - bottom
        if labels[i] == k:
            j = own
            while j > 0 and (px[j - 1] > along or (px[j - 1] == along and py[j - 1] > up)):
                px[j], py[j] = px[j - 1], py[j - 1]
                j -= 1
            px[j], py[j] = along, up
            own += 1
        else:
            x[others], y[others] = along, up
            others += 1
    if others == 0:
        return 0
    lower = _chain(px, py, own, 1.0)
    upper = _chain(px, py, own, -1.0)
    if lower.size == 2 and upper.size == 2:
        return _NONE
    count = 0
    for i in range(others):
        count += _beyond(px, py, lower, x[i], y[i], 1.0) and _beyond(
            px, py, upper, x[i], y[i], -1.0
        )
    return count


@njit(cache=True, nogil=True)
def _chain(px: NDArray[Any], py: NDArray[Any], size: int, side: float) -> NDArray[np.int64]:
    """Return the lower (side 1) or upper (side -1) convex hull of points sorted by x, then y."""
    chain = np.empty(size, np.int64)
    used = 0
    for p in range(size):
        while used >= 2:
            a, b = chain[used - 2], chain[used - 1]
            turn = (px[b] - px[a]) * (py[p] - py[a]) - (py[b] - py[a]) * (px[p] - px[a])
            if side * turn > 0:
                break
            used -= 1
        chain[used] = p
        used += 1
    return chain[:used]


@njit(cache=True, nogil=True)
def _beyond(
    px: NDArray[Any], py: NDArray[Any], chain: NDArray[Any], x: float, y: float, side: float
) -> bool:
    """Tell whether a point lies strictly above the lower, or below the upper, chain."""
    low, high = 0, chain.size - 1
    if not px[chain[low]] < x < px[chain[high]]:
        return False
    while high - low > 1:
        middle = (low + high) // 2
        if px[chain[middle]] <= x:
            low = middle
        else:
            high = middle
    a, b = chain[low], chain[high]
    return side * ((px[b] - px[a]) * (y - py[a]) - (py[b] - py[a]) * (x - px[a])) > 0  # type: ignore[return-value]


@njit(cache=True, nogil=True)
def permuted_circle(
    labels: NDArray[Any], sizes: NDArray[Any], uniform: NDArray[Any], out: NDArray[Any]
) -> None:
    """Fill ``out[p, k]`` with the mistakes after the p-th shuffle by ``uniform[p]`` in [0, 1)."""
    shuffled = labels.copy()
    for p in range(out.shape[0]):
        _shuffle(shuffled, uniform[p])
        circle_mistakes(shuffled, sizes, out[p])


@njit(cache=True, nogil=True)
def permuted_sphere(
    labels: NDArray[Any],
    sizes: NDArray[Any],
    azimuth: NDArray[Any],
    elevation: NDArray[Any],
    order: NDArray[Any],
    uniform: NDArray[Any],
    out: NDArray[Any],
) -> None:
    """Do as `permuted_circle` on the sphere."""
    shuffled = labels.copy()
    for p in range(out.shape[0]):
        _shuffle(shuffled, uniform[p])
        sphere_mistakes(shuffled, sizes, azimuth, elevation, order, out[p])


@njit(cache=True, nogil=True)
def _shuffle(values: NDArray[Any], uniform: NDArray[Any]) -> None:
    for i in range(values.size - 1, 0, -1):
        j = int(uniform[i] * (i + 1))
        values[i], values[j] = values[j], values[i]
