"""The loop of the random crop on a processor."""

from __future__ import annotations

import numpy as np
from numba import njit  # type: ignore[attr-defined]


def crop(
    images: np.ndarray, down: np.ndarray, right: np.ndarray, flip: np.ndarray, mirror: bool = False
) -> np.ndarray:
    """Return windows of the images' own size, moved and flipped.

    Parameters
    ----------
    images
        Shape (n, channels, height, width), of any type.
    down, right
        Where each window begins, relative to its image's upper left corner: shape (n,), int64.
    flip
        Whether each window is flipped left to right: shape (n,), bool.
    mirror
        Whether the image's mirror image is outside the image; else zeros are.
    """
    # Pixels are only moved, so one loop per size of a pixel will do.
    bits = np.ascontiguousarray(images).view(f"u{images.dtype.itemsize}")
    windows = _mirror if mirror else _crop
    return windows(bits, down, right, flip).view(images.dtype)


@njit(cache=True, nogil=True)
def _crop(images, down, right, flip):  # type: ignore[no-untyped-def]
    n, channels, height, width = images.shape
    out = np.empty_like(images)
    for i in range(n):
        dx = right[i]
        first, last = min(width, max(0, -dx)), max(0, min(width, width - dx))
        for c in range(channels):
            for y in range(height):
                row, source = out[i, c, y], y + down[i]
                if source < 0 or source >= height or first >= last:
                    row[:] = 0
                    continue
                line = images[i, c, source]
                row[:first] = 0
                row[first:last] = line[first + dx : last + dx]
                row[last:] = 0
                if flip[i]:
                    for x in range(width // 2):
                        row[x], row[width - 1 - x] = row[width - 1 - x], row[x]
    return out


@njit(cache=True, nogil=True)
def _mirror(images, down, right, flip):  # type: ignore[no-untyped-def]
    n, channels, height, width = images.shape
    out = np.empty_like(images)
    for i in range(n):
        for c in range(channels):
            for y in range(height):
                row = out[i, c, y]
                line = images[i, c, height - 1 - abs(height - 1 - abs(y + down[i]))]
                for x in range(width):
                    at = width - 1 - x if flip[i] else x
                    row[at] = line[width - 1 - abs(width - 1 - abs(x + right[i]))]
    return out
