"""The loops of the CSR backend on a CPU.

Activations lie feature by feature, ``(features, batch)`` in C order, so that what a link does is
one multiply-add of short contiguous rows. The batch is cut into blocks whose length is known when
the code is compiled, and within a block the links are walked source by source, in key order:
forward adds ``w x[s]`` to ``y[t]``; backward reads ``gy[t]`` once per link, for the link's own
gradient ``x[s]·gy[t]`` and for the sum ``gx[s]``, which stays in registers.

Arrays come as addresses, which is the quickest way from PyTorch into numba; 0 stands for none.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import numpy as np
from llvmlite import binding
from numba import carray, njit  # type: ignore[attr-defined]

from ._simd import dot, fill, load, multiply_add, pointer, store, total, where_positive


@lru_cache(maxsize=64)
def blocks(dtype: type[np.floating], batch: int) -> tuple[tuple[int, int, int], ...]:
    """Cut a batch into runs ``(length of a block, start, stop)``, as long as registers allow."""
    # Three blocks are alive at once, so this many bytes keep them in the vector registers.
    wide = binding.get_host_cpu_features().get("avx512f", False)
    widest = (256 if wide else 128) // np.dtype(dtype).itemsize
    runs, start = [], 0
    for length in (widest, widest // 2, 8, 1):
        stop = start + (batch - start) // length * length
        if stop > start:
            runs.append((length, start, stop))
        start = stop
    return tuple(runs)


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
                store(y, t * batch + at, fill(bias[t] if bias_ else dtype(0), block))
            for s in range(n_source):
                row = load(x, s * batch + at, block)
                for k in range(starts[s], starts[s + 1]):
                    place = np.int64(targets[k]) * batch + at
                    store(y, place, multiply_add(values[k], row, load(y, place, block)))
            if relu:
                for t in range(n_target):
                    row = load(y, t * batch + at, block)
                    store(y, t * batch + at, where_positive(row, row))

    return run


@cache
def backward(dtype: type[np.floating], block: int) -> Callable[..., Any]:
    """Return the loop for the gradients of links, bias and, if wanted, input.

    ``y`` is the activated output, or none without ReLU; ``g`` receives ``gy`` before the
    activation, and may be ``gy`` itself without ReLU.
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
            if y_ or gb_:
                for t in range(n_target):
                    row = load(gy, t * batch + at, block)
                    if y_:
                        row = where_positive(load(y, t * batch + at, block), row)
                        store(g, t * batch + at, row)
                    if gb_:
                        gb[t] = total(row) if at == 0 else gb[t] + total(row)
            for s in range(n_source):
                row = load(x, s * batch + at, block)
                summed = fill(dtype(0), block)
                for k in range(starts[s], starts[s + 1]):
                    back = load(g, np.int64(targets[k]) * batch + at, block)
                    summed = multiply_add(values[k], back, summed)
                    here = dot(row, back)
                    gv[k] = here if at == 0 else gv[k] + here
                if gx_:
                    store(gx, s * batch + at, summed)

    return run
