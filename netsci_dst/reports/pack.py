"""Arrays as compact text inside an HTML page: differences, byte planes, gzip, base64."""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass
class Pack:
    """One compressed block of named arrays, decoded at once by the page.

    ``manifest`` says for each array its type, shape, encoding and place in the block.
    """

    manifest: dict[str, dict[str, Any]] = field(default_factory=dict)
    _parts: list[bytes] = field(default_factory=list)
    _size: int = 0

    def add(self, name: str, values: NDArray[Any], *, over_time: bool = False) -> None:
        """Add an array of uint8, uint16, uint32 or float32.

        With ``over_time`` the first axis is time and each row holds its difference from the row
        before, modulo the range of the type: what changes little compresses well.
        """
        array = np.ascontiguousarray(values)
        coded = array
        if over_time and len(array) > 1:
            coded = np.concatenate([array[:1], array[1:] - array[:-1]])
        planes = np.ascontiguousarray(coded).view(np.uint8).reshape(-1, array.itemsize).T
        self._put(
            name,
            planes.tobytes(),
            {"type": array.dtype.name, "shape": list(array.shape), "delta": over_time},
        )

    def add_bytes(self, name: str, data: bytes) -> None:
        """Add bytes that the page reads itself, such as varints."""
        self._put(name, data, {"type": "uint8", "shape": [len(data)], "delta": False})

    def _put(self, name: str, data: bytes, entry: dict[str, Any]) -> None:
        self.manifest[name] = {**entry, "at": self._size, "bytes": len(data)}
        self._parts.append(data)
        self._size += len(data)

    def text(self) -> str:
        """Return the block as base64 of gzip; the same arrays give the same text."""
        packed = gzip.compress(b"".join(self._parts), compresslevel=6, mtime=0)
        return base64.b64encode(packed).decode("ascii")


def smallest(values: NDArray[Any]) -> NDArray[Any]:
    """Return integers in the smallest unsigned type that holds them, at most uint32."""
    top = int(values.max(initial=0))
    return values.astype(np.uint8 if top < 2**8 else np.uint16 if top < 2**16 else np.uint32)


def varints(values: NDArray[np.int64]) -> bytes:
    """Encode non-negative integers as little-endian base-128 varints.

    Examples
    --------
    >>> varints(np.array([1, 300])).hex()
    '01ac02'
    """
    rest = np.asarray(values, dtype=np.uint64)
    if rest.size == 0:
        return b""
    width = np.ones(rest.size, dtype=np.int64)
    for bits in range(7, 64, 7):
        width += rest >= np.uint64(1 << bits)
    out = np.zeros(int(width.sum()), dtype=np.uint8)
    start = np.cumsum(width) - width
    for i in range(int(width.max())):
        here = width > i
        more = (width[here] > i + 1).astype(np.uint8) << 7
        low = (rest[here] >> np.uint64(7 * i)).astype(np.uint8) & 0x7F
        out[start[here] + i] = low | more
    return out.tobytes()


def unit16(values: NDArray[Any], low: float, high: float) -> NDArray[np.uint16]:
    """Return numbers between ``low`` and ``high`` as steps of a 65,535th of the range."""
    span = (high - low) or 1.0
    scaled = (np.asarray(values, dtype=float) - low) / span
    return np.round(np.clip(scaled, 0, 1) * 65535).astype(np.uint16)
