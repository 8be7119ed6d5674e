"""Decoding of encoded images to arrays of pixels."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError, MissingDependency
from ._cache import cached
from ._fingerprint import fingerprint_of

# Decoded sets larger than this are decoded sample by sample, when they are asked for.
MEMORY_LIMIT = 4 * 2**30
_THREADED_PIXELS = 64 * 64


def decode_all(images: Sequence[bytes | Path], *, size: int | None, where: str, key: str) -> Any:
    """Decode images of equal size to uint8 of shape (n, channels, height, width).

    Parameters
    ----------
    images
        Encoded bytes, or paths of image files.
    size
        Scale the shorter side to this and cut the middle square.
    where
        What to call the set in messages.
    key
        Fingerprint of the encoded images, under which the decoded ones are kept.

    Returns
    -------
    numpy.ndarray or LazyImages
        Lazy when the pixels would take more than 4 GiB.
    """
    if len(images) == 0:
        raise DataError(f"{where} has no images")
    first = decode(images[0], size, None, f"{where}, image 0")
    if first.nbytes * len(images) > MEMORY_LIMIT:
        return LazyImages(images, size, where, first.shape, key)
    lazy = LazyImages(images, size, where, first.shape, key)
    return cached(key, lambda: lazy[np.arange(len(images))])


def decode(image: bytes | Path, size: int | None, channels: int | None, where: str) -> np.ndarray:
    """Decode one image to uint8 of shape (channels, height, width).

    Grey images have one channel, all others three; ``channels`` asks for one of these.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingDependency("pillow", "train", "reading images") from error
    try:
        with Image.open(io.BytesIO(image) if isinstance(image, bytes) else image) as picture:
            picture = _eight_bit(picture)
            grey = picture.mode in ("1", "L") if channels is None else channels == 1
            picture = picture.convert("L" if grey else "RGB")
            if size is not None:
                picture = _middle_square(picture, size)
            pixels = np.asarray(picture)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        name = f" ({image})" if isinstance(image, Path) and str(image) not in where else ""
        raise DataError(f"{where}{name} cannot be decoded: {error}") from error
    return pixels[None] if grey else pixels.transpose(2, 0, 1)


def _eight_bit(picture: Any) -> Any:
    """Scale grey values of 16 bits to 8, which Pillow would cut off at 255."""
    if not picture.mode.startswith(("I", "F")):
        return picture
    from PIL import Image

    values = np.asarray(picture)
    if picture.mode == "F" or values.min() < 0 or values.max() > 65535:
        raise ValueError(
            f"it has pixels of mode {picture.mode}, of which nobody says what is white; save it "
            "with 8 or 16 bits"
        )
    return Image.fromarray(np.round(values / 257).astype(np.uint8))


def _middle_square(picture: Any, size: int) -> Any:
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    box = (left, top, left + side, top + side)
    return picture.resize((size, size), box=box, reducing_gap=3.0)


class LazyImages:
    """Encoded images that look like an array: indexing decodes the samples asked for."""

    dtype = np.dtype(np.uint8)

    def __init__(
        self,
        images: Sequence[bytes | Path],
        size: int | None,
        where: str,
        shape: tuple[int, ...],
        key: str,
    ):
        self._images, self._size, self._where = images, size, where
        self.shape = (len(images), *shape)
        self.fingerprint = key

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, indices: Any) -> np.ndarray:
        chosen = np.arange(len(self))[indices]
        if chosen.ndim == 0:
            return self._decode(int(chosen))
        out = np.empty((len(chosen), *self.shape[1:]), np.uint8)
        if np.prod(self.shape[2:]) < _THREADED_PIXELS:
            for place, index in enumerate(chosen.tolist()):
                out[place] = self._decode(index)
        else:
            with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
                for place, pixels in enumerate(pool.map(self._decode, chosen.tolist())):
                    out[place] = pixels
        return out

    def limited(self, indices: np.ndarray) -> LazyImages:
        """Return the lazy set of some of the images."""
        images = [self._images[i] for i in indices.tolist()]
        key = fingerprint_of([self.fingerprint, indices])
        return LazyImages(images, self._size, self._where, self.shape[1:], key)

    def _decode(self, index: int) -> np.ndarray:
        where = f"{self._where}, image {index}"
        pixels = decode(self._images[index], self._size, self.shape[1], where)
        if pixels.shape != self.shape[1:]:
            raise DataError(
                f"{where} is {pixels.shape[2]} × {pixels.shape[1]} pixels, the first "
                f"{self.shape[3]} × {self.shape[2]}; give size= to bring all to one size"
            )
        return pixels
