"""The forward pass of CSR layers where nothing is kept for a backward pass.

A block of rows goes through all layers before the next block begins: what lies between layers never
leaves the cache, and the whole is one call. Blocks are transposed on their way in and out.
"""

# The intrinsics lose their first parameter, the compiler's, when they are called.
# pyright: reportCallIssue=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import carray, njit  # type: ignore[attr-defined]
from torch import Tensor

from .by_target import by_target
from .dtypes import DTYPES
from .kernels import widest
from .simd import fill, load, multiply_add, pointer, store, where_positive
from .threads import shares, together
from .tiles import at_once, pack, unpack

if TYPE_CHECKING:
    from .linear import CsrLinear

# From so many rows on, tiles of them are worth transposing, and rows come one after another.
MANY = 128


def forward_only(layers: Sequence[CsrLinear], x: Tensor, relu: bool) -> Tensor | None:
    """Return what layers give one after another; None for huge layers.

    Results, and the order in which they lie, are those of the pass that a gradient follows. Few
    rows come as a transposed view of ``(n_target, batch)``, which is what the next layer takes.
    """
    batch, dtype, table = len(x), DTYPES[x.dtype], []
    for layer in layers:
        ordered = (layer.indptr, layer.indices, layer.indices) if batch == 1 else by_target(layer)
        if ordered is None:
            return None
        bias, pointers = layer.bias, [part.data_ptr() for part in ordered]
        table += [
            *pointers, layer.weight.data_ptr(), 0 if bias is None else bias.data_ptr(),
            layer.n_source, layer.n_target, len(ordered[1]),
        ]  # fmt: skip
    facts, n_target = np.array(table, np.int64), table[-2]
    width = max(*table[5::8], *table[6::8])
    flipped_in = not x.is_contiguous() and x.t().is_contiguous()
    flipped_out = batch < MANY
    x = x if flipped_in else x.contiguous()
    y = x.new_empty((n_target, batch) if flipped_out else (batch, n_target))

    def part(_: int, first: int, last: int) -> None:
        for length, start, stop in _blocks(dtype, batch, first, last):
            # PyTorch's memory begins with a cache line, so that no vector lies in two.
            scratch = x.new_empty(2 * width * length)
            _loop(dtype, length)(
                facts, width, scratch.data_ptr(), x.data_ptr(), y.data_ptr(), batch, start, stop,
                relu, flipped_in, flipped_out,
            )  # fmt: skip

    if batch:
        together(part, shares(batch, _longest(dtype), batch * sum(table[7::8])))
    return y.t() if flipped_out else y


@cache
def _longest(dtype: type[np.floating]) -> int:
    return widest() // np.dtype(dtype).itemsize


@lru_cache(maxsize=64)
def _blocks(
    dtype: type[np.floating], batch: int, first: int, last: int
) -> list[tuple[int, int, int]]:
    """Return (rows of a block, start, stop): whole blocks, then one that is filled up."""
    if batch == 1:
        return [(1, 0, 1)]
    longest = _longest(dtype)
    whole = first + (last - first) // longest * longest
    fitting = min(size for size in (longest, longest // 2, 8) if size >= last - whole)
    return [run for run in ((longest, first, whole), (fitting, whole, last)) if run[1] < run[2]]


@njit(nogil=True, inline="always")
def _by_targets(facts, x, y, relu, dtype, block):
    n_target, n_links = facts[6], facts[7]
    starts = carray(pointer(facts[0]), n_target + 1, np.int64)  # type: ignore[call-arg]
    sources = carray(pointer(facts[1]), n_links, np.int32)
    order = carray(pointer(facts[2]), n_links, np.int32)
    values = carray(pointer(facts[3]), n_links, dtype)
    bias = carray(pointer(facts[4]), n_target, dtype)
    for t in range(n_target):
        summed = fill(bias[t] if facts[4] else dtype(0), block)
        for k in range(starts[t], starts[t + 1]):
            row = load(x, np.int64(sources[k]) * block, block)
            summed = multiply_add(values[order[k]], row, summed)
        if relu:
            summed = where_positive(summed, summed)
        store(y, t * block, summed)


@njit(nogil=True, inline="always")
def _by_sources(facts, x, y, relu, dtype):
    """Make the layer of one row alone."""
    n_source, n_target, n_links = facts[5], facts[6], facts[7]
    starts = carray(pointer(facts[0]), n_source + 1, np.int64)  # type: ignore[call-arg]
    targets = carray(pointer(facts[1]), n_links, np.int32)
    values = carray(pointer(facts[3]), n_links, dtype)
    bias = carray(pointer(facts[4]), n_target, dtype)
    for t in range(n_target):
        y[t] = bias[t] if facts[4] else dtype(0)
    for s in range(n_source):
        if x[s] != 0:  # what is 0 adds nothing
            row = load(x, s, 1)
            for k in range(starts[s], starts[s + 1]):
                place = np.int64(targets[k])
                store(y, place, multiply_add(values[k], row, load(y, place, 1)))
    if relu:
        for t in range(n_target):
            y[t] = dtype(0) if y[t] <= 0 else y[t]


@njit(nogil=True, inline="always")
def _copy(source, first, step, target, target_first, target_step, features, rows, block):
    """Copy ``rows`` columns of ``(features, step)``, first to first."""
    for f in range(features):
        if rows == block:
            row = load(source, f * step + first, block)
            store(target, f * target_step + target_first, row)
        else:
            for k in range(rows):
                target[f * target_step + target_first + k] = source[f * step + first + k]
            if target_step == block:
                for k in range(rows, block):
                    target[f * block + k] = 0


@cache
def _loop(dtype: type[np.floating], block: int) -> Callable[..., Any]:
    """Return the loop over rows ``first:last``; the last block may have fewer rows."""
    n = at_once(dtype, block)

    @njit(cache=True, nogil=True)
    def run(facts, width, scratch_, x_, y_, batch, first, last, relu, flipped_in, flipped_out):
        n_layers = len(facts) // 8
        n_source, n_target = facts[5], facts[8 * n_layers - 2]
        scratch = carray(pointer(scratch_), 2 * width * block, dtype)
        a, b = scratch[: width * block], scratch[width * block :]
        x = carray(pointer(x_), batch * n_source, dtype)
        y = carray(pointer(y_), batch * n_target, dtype)
        for row in range(first, last, block):
            rows = min(block, last - row)
            source = a
            if flipped_in and batch == block:
                source = x
            elif flipped_in:
                _copy(x, row, batch, a, 0, block, n_source, rows, block)
            else:
                pack(x, row, row + rows, n_source, a, block, n)
            for i in range(n_layers):
                target = a if i % 2 else b
                if i == n_layers - 1 and flipped_out and batch == block:
                    target = y
                layer = facts[8 * i : 8 * i + 8]
                if block == 1:
                    _by_sources(layer, source, target, relu, dtype)
                else:
                    _by_targets(layer, source, target, relu, dtype, block)
                source = target
            if not flipped_out:
                unpack(source, y, row, row + rows, n_target, block, n)
            elif batch != block:
                _copy(source, 0, block, y, row, batch, n_target, rows, block)

    return run
