"""The loop of stochastic gradient descent."""

# The intrinsics lose their first parameter, the compiler's, when they are called.
# pyright: reportCallIssue=false

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import carray, njit  # type: ignore[attr-defined]

from ..formats.csr.simd import pointer


@cache
def loop(dtype: type[np.floating]) -> Callable[..., Any]:
    """Return the step over a table of addresses and sizes: weight, gradient, momentum, count."""

    @njit(cache=True, nogil=True)
    def run(table_, n, lr, decay, momentum, share, nesterov):
        table = carray(pointer(table_), (n, 4), np.int64)  # type: ignore[call-arg]
        lr, decay = dtype(lr), dtype(decay)
        momentum, share = dtype(momentum), dtype(share)
        for i in range(n):
            size = table[i, 3]
            p = carray(pointer(table[i, 0]), size, dtype)
            g = carray(pointer(table[i, 1]), size, dtype)
            kept = carray(pointer(table[i, 2]), size, dtype)
            if momentum == 0:
                for k in range(size):
                    p[k] -= lr * (g[k] + decay * p[k])
            else:
                for k in range(size):
                    step = g[k] + decay * p[k]
                    moved = momentum * kept[k] + share * step
                    kept[k] = moved
                    p[k] -= lr * (step + momentum * moved if nesterov else moved)

    return run
