"""Convolutions and pooling."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .linear import dense_weight

Run = Callable[[np.ndarray], np.ndarray]
_AT_ONCE = 2**22


def convolution(
    weight: np.ndarray | None = None,
    bias: np.ndarray | None = None,
    starts: np.ndarray | None = None,
    sources: np.ndarray | None = None,
    values: np.ndarray | None = None,
    shape: Sequence[int] = (),
    stride: Sequence[int] = (),
    padding: Sequence[Sequence[int]] = (),
    dilation: Sequence[int] = (),
    groups: int = 1,
    mode: str = "constant",
) -> Run:
    """Return a convolution of ``(n, in, *places)`` with ``weight`` ``(out, in / groups, *kernel)``.

    Instead of a weight there may be its entries that are not zero, as for `linear`, and its shape.
    Kernel entries that are zero for all outputs are never read.
    """
    if weight is None:
        assert starts is not None
        assert sources is not None
        assert values is not None
        weight = dense_weight(starts, sources, values, math.prod(shape[1:])).reshape(shape)
    n_out, kernel, depth = len(weight), weight.shape[2:], math.prod(weight.shape[1:])
    matrices = []
    for part in np.split(weight.reshape(n_out, -1), groups):
        used = np.flatnonzero((part != 0).any(0))
        matrices.append((used, part[:, used].T))

    def some(x: np.ndarray) -> np.ndarray:
        windows = _windows(x, kernel, stride, dilation)
        places = windows.shape[2 : 2 + len(kernel)]
        rows = np.moveaxis(windows, 1, 1 + len(kernel))
        rows = rows.reshape(len(x), math.prod(places), groups, depth)
        parts = [rows[:, :, g, used] @ matrix for g, (used, matrix) in enumerate(matrices)]
        y = np.concatenate(parts, -1).swapaxes(1, 2).reshape(len(x), n_out, *places)
        return y if bias is None else y + bias.reshape(-1, *[1] * len(kernel))

    def run(x: np.ndarray) -> np.ndarray:
        if any(n for pad in padding for n in pad):
            x = np.pad(x, [(0, 0), (0, 0), *map(tuple, padding)], mode=_mode(mode))
        per_sample = max(1, x[0].size * math.prod(kernel)) if len(x) else 1
        size = max(1, _AT_ONCE // per_sample)
        parts = [some(x[i : i + size]) for i in range(0, max(1, len(x)), size)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    return run


def _mode(mode: str) -> Any:
    return {"zeros": "constant", "circular": "wrap", "replicate": "edge"}.get(mode, mode)


def _windows(
    x: np.ndarray, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> np.ndarray:
    """Return ``(n, channels, *places, *kernel)``."""
    n = len(kernel)
    axes = tuple(range(2, 2 + n))
    dilation = tuple(dilation) or (1,) * n
    reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation))
    windows = sliding_window_view(x, reach, axis=axes)
    steps = tuple(slice(None, None, s) for s in (tuple(stride) or (1,) * n))
    inner = tuple(slice(None, None, d) for d in dilation)
    return windows[(slice(None), slice(None), *steps, *inner)]


def max_pool(
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[Sequence[int]] = (),
    dilation: Sequence[int] = (),
    ceil: bool = False,
) -> Run:
    """Return the largest value of each window."""
    axes = tuple(range(-len(kernel), 0))

    def run(x: np.ndarray) -> np.ndarray:
        pads = _ceiled(x.shape[2:], kernel, stride, padding, dilation, ceil)
        x = np.pad(x, [(0, 0), (0, 0), *pads], constant_values=-np.inf)
        return _windows(x, kernel, stride, dilation).max(axes)

    return run


def average_pool(
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[Sequence[int]] = (),
    count_padding: bool = True,
) -> Run:
    """Return the mean of each window."""
    axes = tuple(range(-len(kernel), 0))

    def run(x: np.ndarray) -> np.ndarray:
        pads = [(0, 0), (0, 0), *(tuple(pad) for pad in padding or [(0, 0)] * len(kernel))]
        total = _windows(np.pad(x, pads), kernel, stride, ()).sum(axes)
        if count_padding:
            return total / x.dtype.type(math.prod(kernel))
        ones = np.pad(np.ones((1, 1, *x.shape[2:]), x.dtype), pads)
        return total / _windows(ones, kernel, stride, ()).sum(axes)

    return run


def _ceiled(
    sizes: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[Sequence[int]],
    dilation: Sequence[int],
    ceil: bool,
) -> list[tuple[int, int]]:
    """Return the padding, with more at the end where windows are counted upwards."""
    pads = [tuple(pad) for pad in padding] or [(0, 0)] * len(kernel)
    if not ceil:
        return pads  # type: ignore[return-value]
    found = []
    for size, k, s, (before, after), d in zip(
        sizes, kernel, stride, pads, tuple(dilation) or (1,) * len(kernel)
    ):
        room = size + before + after - d * (k - 1) - 1
        n = -(-room // s) + 1
        if (n - 1) * s >= size + before:
            n -= 1
        found.append((before, max(after, after + (n - 1) * s - room)))
    return found
