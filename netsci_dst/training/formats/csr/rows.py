"""The loops of the CSR format for many rows.

Activations come and go row by row, ``(batch, features)`` in C order, as other layers have them. A
tile of some rows is transposed into a scratch of its own, ``(features, rows)``, small enough for
the cache and without the strides of a power of two that would make its lines collide there.
Forward gathers: each output of a tile is summed in registers over its links, and written once.
Tiles are independent, so that threads share them; the last one is filled with zeros.
"""

# The intrinsics lose their first parameter, the compiler's, when they are called.
# pyright: reportCallIssue=false

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import carray, njit  # type: ignore[attr-defined]

from .kernels import widest
from .simd import (
    dot,
    fill,
    item,
    load,
    multiply_add,
    plus,
    pointer,
    product,
    put,
    store,
    total,
    totals,
    where_positive,
)
from .tiles import at_once, pack, unpack

ROWS = 64


@cache
def forward(dtype: type[np.floating]) -> Callable[..., Any]:
    """Return the loop ``y = x A + bias``, activated if ``relu``, over rows ``first:last``.

    Links come target by target: ``starts`` over targets, the source of each link and where its
    weight lies.
    """
    n = at_once(dtype, ROWS)
    block = widest() // np.dtype(dtype).itemsize

    @njit(cache=True, nogil=True)
    def run(
        starts_, sources_, order_, values_, bias_, x_, y_, n_source, n_target, batch, first, last,
        relu,
    ):  # fmt: skip
        starts = carray(pointer(starts_), n_target + 1, np.int64)  # type: ignore[call-arg]
        n_links = starts[n_target]
        sources = carray(pointer(sources_), n_links, np.int32)
        order = carray(pointer(order_), n_links, np.int32)
        values = carray(pointer(values_), n_links, dtype)
        x = carray(pointer(x_), n_source * batch, dtype)
        y = carray(pointer(y_), n_target * batch, dtype)
        bias = carray(pointer(bias_), n_target, dtype)
        xs, ys = np.empty(n_source * ROWS, dtype), np.empty(n_target * ROWS, dtype)
        weights = np.empty(n_links, dtype)
        for k in range(n_links):
            put(weights, k, item(values, item(order, k)))
        for row in range(first, last, ROWS):
            stop = min(row + ROWS, last)
            pack(x, row, stop, n_source, xs, ROWS, n)
            for at in range(0, ROWS, block):
                if at >= stop - row:
                    break
                for t in range(n_target):
                    summed = fill(item(bias, t) if bias_ else dtype(0), block)
                    for k in range(item(starts, t), item(starts, t + 1)):
                        place = np.int64(item(sources, k)) * ROWS + at
                        summed = multiply_add(item(weights, k), load(xs, place, block), summed)
                    if relu:
                        summed = where_positive(summed, summed)
                    store(ys, t * ROWS + at, summed)
            unpack(ys, y, row, stop, n_target, ROWS, n)

    return run


@cache
def backward(dtype: type[np.floating]) -> Callable[..., Any]:
    """Return the loop for the gradients of links, bias and, if wanted, input.

    Links come source by source. ``gv`` and ``gb`` are added to: they begin as zeros. ``g``, if
    given, receives ``gy`` before the activation.
    """
    n = at_once(dtype, ROWS)
    block = widest() // np.dtype(dtype).itemsize

    @njit(cache=True, nogil=True)
    def run(
        starts_, targets_, values_, x_, y_, gy_, g_, gx_, gv_, gb_, n_source, n_target, batch,
        first, last,
    ):  # fmt: skip
        starts = carray(pointer(starts_), n_source + 1, np.int64)  # type: ignore[call-arg]
        n_links = starts[n_source]
        targets = carray(pointer(targets_), n_links, np.int32)
        values = carray(pointer(values_), n_links, dtype)
        x = carray(pointer(x_), n_source * batch, dtype)
        y = carray(pointer(y_), n_target * batch, dtype)
        gy = carray(pointer(gy_), n_target * batch, dtype)
        g = carray(pointer(g_), n_target * batch, dtype)
        gx = carray(pointer(gx_), n_source * batch, dtype)
        gv = carray(pointer(gv_), n_links, dtype)
        gb = carray(pointer(gb_), n_target, dtype)
        xs, gs = np.empty(n_source * ROWS, dtype), np.empty(n_target * ROWS, dtype)
        ys = np.empty(n_target * ROWS if y_ else 0, dtype)
        back = np.empty(n_source * ROWS if gx_ else 0, dtype)
        for row in range(first, last, ROWS):
            stop = min(row + ROWS, last)
            pack(x, row, stop, n_source, xs, ROWS, n)
            pack(gy, row, stop, n_target, gs, ROWS, n)
            if y_:
                pack(y, row, stop, n_target, ys, ROWS, n)
                for i in range(0, n_target * ROWS, block):
                    store(gs, i, where_positive(load(ys, i, block), load(gs, i, block)))
                if g_:
                    unpack(gs, g, row, stop, n_target, ROWS, n)
            if gb_:
                for t in range(n_target):
                    for at in range(0, ROWS, block):
                        gb[t] += total(load(gs, t * ROWS + at, block))
            for at in range(0, ROWS, block):
                if at >= stop - row:
                    break
                for s in range(n_source):
                    here = load(xs, s * ROWS + at, block)
                    summed = fill(dtype(0), block)
                    k, end = item(starts, s), item(starts, s + 1)
                    while k + 4 <= end:
                        a = load(gs, np.int64(item(targets, k)) * ROWS + at, block)
                        b = load(gs, np.int64(item(targets, k + 1)) * ROWS + at, block)
                        c = load(gs, np.int64(item(targets, k + 2)) * ROWS + at, block)
                        d = load(gs, np.int64(item(targets, k + 3)) * ROWS + at, block)
                        summed = multiply_add(item(values, k), a, summed)
                        summed = multiply_add(item(values, k + 1), b, summed)
                        summed = multiply_add(item(values, k + 2), c, summed)
                        summed = multiply_add(item(values, k + 3), d, summed)
                        four = totals(
                            product(here, a), product(here, b), product(here, c), product(here, d)
                        )
                        store(gv, k, plus(load(gv, k, 4), four))
                        k += 4
                    while k < end:
                        a = load(gs, np.int64(item(targets, k)) * ROWS + at, block)
                        summed = multiply_add(item(values, k), a, summed)
                        put(gv, k, item(gv, k) + dot(here, a))
                        k += 1
                    if gx_:
                        store(back, s * ROWS + at, summed)
            if gx_:
                unpack(back, gx, row, stop, n_source, ROWS, n)

    return run
