"""The loops of the CSR format on a CPU.

Activations lie feature by feature, ``(features, batch)`` in C order, so that what a link does is
one multiply-add of short contiguous rows. The batch is cut into blocks whose length is known when
the code is compiled. Within a block forward walks the links target by target (or source by source,
adding ``w x[s]`` to ``y[t]``, where a second order of the links would take too much memory);
backward walks them source by source, in key order, and reads ``gy[t]`` once per link, for the
link's own gradient ``x[s]·gy[t]`` and for the sum ``gx[s]``, which stays in registers.

Arrays come as addresses, which is the quickest way from PyTorch into numba; 0 stands for none.
"""

# The intrinsics lose their first parameter, the compiler's, when they are called.
# pyright: reportCallIssue=false

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import numpy as np
from llvmlite import binding
from numba import carray, njit  # type: ignore[attr-defined]

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
    transpose,
    where_positive,
)


@cache
def widest() -> int:
    """Return how many bytes a block may have so that several stay in the vector registers."""
    return 256 if binding.get_host_cpu_features().get("avx512f", False) else 128


@lru_cache(maxsize=64)
def blocks(dtype: type[np.floating], batch: int) -> tuple[tuple[int, int, int], ...]:
    """Cut a batch into runs ``(length of a block, start, stop)``, as long as registers allow."""
    longest = widest() // np.dtype(dtype).itemsize
    runs, start = [], 0
    for length in (longest, longest // 2, 8, 1):
        stop = start + (batch - start) // length * length
        if stop > start:
            runs.append((length, start, stop))
        start = stop
    return tuple(runs)


@cache
def flip(dtype: type[np.floating]) -> Callable[..., Any]:
    """Return the loop that writes ``(rows, columns)`` transposed."""
    n = 64 // np.dtype(dtype).itemsize

    @njit(cache=True, nogil=True)
    def run(x_, y_, rows, columns):
        x = carray(pointer(x_), rows * columns, dtype)
        y = carray(pointer(y_), rows * columns, dtype)
        whole, across = rows // n * n, columns // n * n
        for r in range(0, whole, n):
            for c in range(0, across, n):
                transpose(x, r * columns + c, columns, y, c * rows + r, rows, n)
        for r in range(rows):
            for c in range(across if r < whole else 0, columns):
                y[c * rows + r] = x[r * columns + c]

    return run


@cache
def gather(dtype: type[np.floating], block: int) -> Callable[..., Any]:
    """Return `forward` for links that come target by target.

    ``starts`` are over targets; of each link there is the source and where its weight lies. A
    target is summed in registers and written once.
    """

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
        for at in range(first, last, block):
            for t in range(n_target):
                summed = fill(item(bias, t) if bias_ else dtype(0), block)
                for k in range(item(starts, t), item(starts, t + 1)):
                    row = load(x, np.int64(item(sources, k)) * batch + at, block)
                    summed = multiply_add(item(values, item(order, k)), row, summed)
                if relu:
                    summed = where_positive(summed, summed)
                store(y, t * batch + at, summed)

    return run


@cache
def forward(dtype: type[np.floating], block: int) -> Callable[..., Any]:
    """Return the loop ``y = x A + bias``, activated if ``relu``, over a part of the batch."""

    @njit(cache=True, nogil=True)
    def run(
        starts_, targets_, values_, bias_, x_, y_, n_source, n_target, batch, first, last, relu
    ):
        starts = carray(pointer(starts_), n_source + 1, np.int64)  # type: ignore[call-arg]
        n_links = starts[n_source]
        targets = carray(pointer(targets_), n_links, np.int32)
        values = carray(pointer(values_), n_links, dtype)
        x = carray(pointer(x_), n_source * batch, dtype)
        y = carray(pointer(y_), n_target * batch, dtype)
        bias = carray(pointer(bias_), n_target, dtype)
        for at in range(first, last, block):
            for t in range(n_target):
                start = item(bias, t) if bias_ else dtype(0)
                store(y, t * batch + at, fill(start, block))
            for s in range(n_source):
                if block == 1 and item(x, s * batch + at) == 0:
                    continue  # one row alone: what is 0 adds nothing
                row = load(x, s * batch + at, block)
                for k in range(item(starts, s), item(starts, s + 1)):
                    place = np.int64(item(targets, k)) * batch + at
                    store(y, place, multiply_add(item(values, k), row, load(y, place, block)))
            if relu:
                for t in range(n_target):
                    row = load(y, t * batch + at, block)
                    store(y, t * batch + at, where_positive(row, row))

    return run


@cache
def backward(dtype: type[np.floating], block: int) -> Callable[..., Any]:
    """Return the loop for the gradients of links, bias and, if wanted, input.

    ``y`` is the activated output, or none without ReLU; ``g`` receives ``gy`` before the
    activation, and may be ``gy`` itself. ``more`` adds to the gradients of links and bias; without
    it the block that begins the batch is what they begin with.
    """

    @njit(cache=True, nogil=True)
    def run(
        starts_,
        targets_,
        values_,
        x_,
        y_,
        gy_,
        g_,
        gx_,
        gv_,
        gb_,
        n_source,
        n_target,
        batch,
        first,
        last,
        more,
    ):
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
        for at in range(first, last, block):
            fresh = at == 0 and not more
            if y_ or gb_:
                for t in range(n_target):
                    row = load(gy, t * batch + at, block)
                    if y_:
                        row = where_positive(load(y, t * batch + at, block), row)
                        store(g, t * batch + at, row)
                    if gb_:
                        put(gb, t, total(row) if fresh else item(gb, t) + total(row))
            for s in range(n_source):
                row = load(x, s * batch + at, block)
                summed = fill(dtype(0), block)
                k, end = item(starts, s), item(starts, s + 1)
                while block >= 4 and k + 4 <= end:
                    a = load(g, np.int64(item(targets, k)) * batch + at, block)
                    b = load(g, np.int64(item(targets, k + 1)) * batch + at, block)
                    c = load(g, np.int64(item(targets, k + 2)) * batch + at, block)
                    d = load(g, np.int64(item(targets, k + 3)) * batch + at, block)
                    summed = multiply_add(item(values, k), a, summed)
                    summed = multiply_add(item(values, k + 1), b, summed)
                    summed = multiply_add(item(values, k + 2), c, summed)
                    summed = multiply_add(item(values, k + 3), d, summed)
                    four = totals(
                        product(row, a), product(row, b), product(row, c), product(row, d)
                    )
                    store(gv, k, four if fresh else plus(load(gv, k, 4), four))
                    k += 4
                while k < end:
                    back = load(g, np.int64(item(targets, k)) * batch + at, block)
                    summed = multiply_add(item(values, k), back, summed)
                    here = dot(row, back)
                    put(gv, k, here if fresh else item(gv, k) + here)
                    k += 1
                if gx_:
                    store(gx, s * batch + at, summed)

    return run
