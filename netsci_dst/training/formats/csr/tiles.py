"""Rows into tiles ``(features, height)`` and back.

`height` and `n`, how many rows and features are transposed at once, must be constants. The loops
are plain functions of a module, into which numba puts them where they are called: a closure over
compiled functions would be compiled anew by every process, as numba cannot know one again.
"""

# The intrinsics lose their first parameter, the compiler's, when they are called.
# pyright: reportCallIssue=false

from __future__ import annotations

import numpy as np
from numba import njit  # type: ignore[attr-defined]

from .simd import transpose


def at_once(dtype: type[np.floating], height: int) -> int:
    """Return how many rows and features of tiles of a height are transposed at once."""
    return min(height, 64 // np.dtype(dtype).itemsize)


@njit(nogil=True, inline="always")
def pack(source, first, stop, width, target, height, n):
    """Transpose rows ``first:stop`` into (width, height); absent rows are zero."""
    rows = stop - first
    whole = rows // n * n if width >= n else 0
    for r in range(0, whole, n):
        for f in range(0, width - n + 1, n):
            transpose(source, (first + r) * width + f, width, target, f * height + r, height, n)
        for f in range(width // n * n, width):
            for k in range(r, r + n):
                target[f * height + k] = source[(first + k) * width + f]
    for f in range(width):
        for k in range(whole, rows):
            target[f * height + k] = source[(first + k) * width + f]
        for k in range(rows, height):
            target[f * height + k] = 0


@njit(nogil=True, inline="always")
def unpack(source, target, first, stop, width, height, n):
    """Write (width, height) transposed to rows ``first:stop``."""
    rows = stop - first
    whole = rows // n * n if width >= n else 0
    for r in range(0, whole, n):
        for f in range(0, width - n + 1, n):
            transpose(source, f * height + r, height, target, (first + r) * width + f, width, n)
        for f in range(width // n * n, width):
            for k in range(r, r + n):
                target[(first + k) * width + f] = source[f * height + k]
    for k in range(whole, rows):
        for f in range(width):
            target[(first + k) * width + f] = source[f * height + k]
