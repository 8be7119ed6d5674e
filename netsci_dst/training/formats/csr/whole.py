"""Forward pass, cross-entropy and backward pass of a chain of CSR layers in one call.

The batch is cut into tiles of as many rows as vector registers like. All layers are walked forward
and back for one tile before the next begins, so that its activations stay in the cache and the
memory for them does not grow with the batch.
"""

# The intrinsics lose their first parameter, the compiler's, when they are called.
# pyright: reportCallIssue=false

from __future__ import annotations

import math
from collections.abc import Callable
from enum import IntEnum
from functools import cache
from types import FunctionType
from typing import Any

import numpy as np
from numba import carray, njit  # type: ignore[attr-defined]

from .kernels import backward, gather, widest
from .simd import dot, fill, item, load, multiply_add, plus, pointer, product, put, store, totals
from .tiles import at_once, pack


class Column(IntEnum):
    """What the table of layers holds of each: sizes, and addresses of its arrays.

    The last row is the dense layer, which has neither links nor activation.
    """

    N_SOURCE = 0
    N_TARGET = 1
    VALUES = 2
    BIAS = 3
    VALUES_GRADIENT = 4
    BIAS_GRADIENT = 5
    STARTS_BY_TARGET = 6
    SOURCES = 7
    ORDER = 8
    STARTS = 9
    TARGETS = 10


def tile(dtype: type[np.floating]) -> int:
    """Return how many rows a tile has."""
    return widest() // np.dtype(dtype).itemsize // 2


def scratch_size(dtype: type[np.floating], sizes: list[int]) -> int:
    """Return how many numbers `passes` needs for itself; ``sizes`` of all populations in order."""
    return tile(dtype) * (sum(sizes) + sizes[-1] + 2 * max(sizes))


@cache
def _dense(dtype: type[np.floating], rows: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return forward and backward of a dense layer ``(n_target, n_source)`` on one tile."""

    @njit(nogil=True)
    def forward(weights, bias, has_bias, x, y, n_source, n_target):
        for t in range(n_target):
            summed, other = (
                fill(item(bias, t) if has_bias else dtype(0), rows),
                fill(dtype(0), rows),
            )
            for s in range(0, n_source - 1, 2):
                at = t * n_source + s
                summed = multiply_add(item(weights, at), load(x, s * rows, rows), summed)
                other = multiply_add(item(weights, at + 1), load(x, (s + 1) * rows, rows), other)
            if n_source % 2:
                s = n_source - 1
                summed = multiply_add(
                    item(weights, t * n_source + s), load(x, s * rows, rows), summed
                )
            store(y, t * rows, plus(summed, other))

    @njit(nogil=True)
    def back(weights, x, g, gx, gw, n_source, n_target, more):
        whole = n_source // 4 * 4
        for s in range(0, whole, 4):
            x0, x1 = load(x, s * rows, rows), load(x, (s + 1) * rows, rows)
            x2, x3 = load(x, (s + 2) * rows, rows), load(x, (s + 3) * rows, rows)
            g0, g1 = fill(dtype(0), rows), fill(dtype(0), rows)
            g2, g3 = fill(dtype(0), rows), fill(dtype(0), rows)
            for t in range(n_target):
                row, at = load(g, t * rows, rows), t * n_source + s
                g0 = multiply_add(item(weights, at), row, g0)
                g1 = multiply_add(item(weights, at + 1), row, g1)
                g2 = multiply_add(item(weights, at + 2), row, g2)
                g3 = multiply_add(item(weights, at + 3), row, g3)
                four = totals(
                    product(row, x0), product(row, x1), product(row, x2), product(row, x3)
                )
                store(gw, at, plus(load(gw, at, 4), four) if more else four)
            store(gx, s * rows, g0)
            store(gx, (s + 1) * rows, g1)
            store(gx, (s + 2) * rows, g2)
            store(gx, (s + 3) * rows, g3)
        for s in range(whole, n_source):
            x0, g0 = load(x, s * rows, rows), fill(dtype(0), rows)
            for t in range(n_target):
                row, at = load(g, t * rows, rows), t * n_source + s
                g0 = multiply_add(item(weights, at), row, g0)
                here = dot(row, x0)
                put(gw, at, item(gw, at) + here if more else here)
            store(gx, s * rows, g0)

    return forward, back


@cache
def _cross_entropy(rows: int) -> Callable[..., Any]:
    @njit(nogil=True)
    def run(logits, g, labels, first, count, n_classes, smoothing, scale, found):
        """Write ``scale`` times the loss's gradient; add loss, plain loss and right ones."""
        for r in range(count):
            label = labels[first + r]
            if label < 0 or label >= n_classes:
                found[3] = 1
                label = 0
            best, top, mean = 0, logits[r], 0.0
            for c in range(n_classes):
                here = logits[c * rows + r]
                mean += here
                if not (here <= top or math.isnan(top)):  # the first of equals; NaN
                    best, top = c, here
            total = 0.0
            for c in range(n_classes):
                total += math.exp(np.float64(logits[c * rows + r]) - np.float64(top))
            log_total = math.log(total) + np.float64(top)
            plain = log_total - logits[label * rows + r]
            found[0] += (1 - smoothing) * plain + smoothing * (log_total - mean / n_classes)
            found[1] += plain
            found[2] += best == label
            for c in range(n_classes):
                p = math.exp(np.float64(logits[c * rows + r]) - log_total)
                wanted = (1 - smoothing) * (c == label) + smoothing / n_classes
                g[c * rows + r] = scale * (p - wanted)
        for c in range(n_classes):
            for r in range(count, rows):
                g[c * rows + r] = 0

    return run


# What `_run` calls, bound for each type of numbers. A closure over compiled functions would be
# compiled anew by every process: numba cannot know one again. The type is seen by ``zero``.
dtype: Any = None
rows: Any = None
size: Any = None
links_forward: Any = None
links_backward: Any = None
dense_forward: Any = None
dense_backward: Any = None
cross_entropy: Any = None
at_a_time: Any = None
columns = len(Column)


def _run(
    table_, n_layers, scratch_, n_scratch, x_, labels_, batch, first, last, smoothing, scale,
    found_, zero,
):  # fmt: skip
    table = carray(pointer(table_), (n_layers, columns), np.int64)  # type: ignore[call-arg]
    scratch = carray(pointer(scratch_), n_scratch, dtype)
    found = carray(pointer(found_), 4, np.float64)  # type: ignore[call-arg]
    labels = carray(pointer(labels_), batch, np.int64)  # type: ignore[call-arg]
    top = table[n_layers - 1]
    n_input, n_top, n_classes = table[0, 0], top[0], top[1]
    x = carray(pointer(x_), batch * n_input, dtype)
    widest, before_top = n_classes, 0
    for i in range(n_layers):
        widest = max(widest, table[i, 0])
        if i < n_layers - 1:
            before_top += table[i, 0] * rows
    to_logits = before_top + n_top * rows
    to_g = to_logits + n_classes * rows
    to_back = to_g + n_classes * rows
    last_x, logits, g = scratch[before_top:to_logits], scratch[to_logits:], scratch[to_g:]
    weights = carray(pointer(top[2]), n_top * n_classes, dtype)
    bias = carray(pointer(top[3]), n_classes, dtype)
    gw = carray(pointer(top[4]), n_top * n_classes, dtype)
    gb = carray(pointer(top[5]), n_classes, dtype)
    for i in range(4):
        found[i] = 0
    for row in range(first, last, rows):
        stop, more = min(row + rows, last), row > first
        pack(x, row, stop, n_input, scratch, rows, at_a_time)
        at = scratch_
        for i in range(n_layers - 1):
            one = table[i]
            above = at + one[0] * rows * size
            links_forward(
                one[6], one[7], one[8], one[2], one[3], at, above, one[0], one[1], rows, 0,
                rows, True,
            )  # fmt: skip
            at = above
        dense_forward(weights, bias, top[3] != 0, last_x, logits, n_top, n_classes)
        cross_entropy(logits, g, labels, row, stop - row, n_classes, smoothing, scale, found)
        if top[3]:
            for c in range(n_classes):
                summed = gb[c] if more else dtype(0)
                for r in range(rows):
                    summed += g[c * rows + r]
                gb[c] = summed
        dense_backward(weights, last_x, g, scratch[to_back:], gw, n_top, n_classes, more)
        gy = scratch_ + to_back * size
        gx = gy + widest * rows * size
        for j in range(n_layers - 1):
            one = table[n_layers - 2 - j]
            below = at - one[0] * rows * size
            links_backward(
                one[9], one[10], one[2], below, at, gy, gy, gx if j < n_layers - 2 else 0,
                one[4], one[5], one[0], one[1], rows, 0, rows, more,
            )  # fmt: skip
            at, gy, gx = below, gx, gy


@cache
def passes(dtype: type[np.floating]) -> Callable[..., Any]:
    """Return the loop over rows ``first:last`` of ``x`` ``(batch, n_source)``.

    Gradients in the table are written, those of the mean loss times ``scale``; ``found``
    receives the sums of the loss, of the loss without label smoothing and of right predictions,
    and whether a label was no class. The last argument is a zero of the type.
    """
    rows = tile(dtype)
    forward, back = _dense(dtype, rows)
    return _bound(
        _run,
        dtype=dtype,
        rows=rows,
        size=np.dtype(dtype).itemsize,
        links_forward=gather(dtype, rows),
        links_backward=backward(dtype, rows),
        dense_forward=forward,
        dense_backward=back,
        cross_entropy=_cross_entropy(rows),
        at_a_time=at_once(dtype, rows),
    )


def _bound(function: Callable[..., Any], **names: Any) -> Callable[..., Any]:
    """Compile a function with global names of its own."""
    made: Any = FunctionType
    named = made(function.__code__, {**globals(), **names}, function.__name__)
    return njit(cache=True, nogil=True)(named)


@njit(nogil=True)
def _added(own, other):
    for i in range(own.size):
        own[i] += other[i]


def _merge(table_, other_, n_layers, zero):
    table = carray(pointer(table_), (n_layers, columns), np.int64)  # type: ignore[call-arg]
    other = carray(pointer(other_), (n_layers, columns), np.int64)  # type: ignore[call-arg]
    for i in range(n_layers):
        n_source, n_target, starts = table[i, 0], table[i, 1], table[i, 9]
        n_links = n_source * n_target
        if starts:
            n_links = carray(pointer(starts), n_source + 1, np.int64)[n_source]  # type: ignore[call-arg]
        _added(
            carray(pointer(table[i, 4]), n_links, dtype),
            carray(pointer(other[i, 4]), n_links, dtype),
        )
        if table[i, 5]:
            _added(
                carray(pointer(table[i, 5]), n_target, dtype),
                carray(pointer(other[i, 5]), n_target, dtype),
            )


@cache
def merge(dtype: type[np.floating]) -> Callable[..., Any]:
    """Return the loop that adds the gradients of one table of layers to those of another.

    The last argument is a zero of the type.
    """
    return _bound(_merge, dtype=dtype)
