"""Decoded images kept on disk, so that a data set is decoded once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np

# Raised when decoding changes, so that old entries are not found any more.
_VERSION = 1
_SMALLEST = 4 * 2**20


def cache_folder() -> Path:
    """Return the user's cache folder of this package."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "netsci-dst" / "decoded"


def cached(key: str, build: Callable[[], np.ndarray]) -> np.ndarray:
    """Return the array kept under ``key``, or build and keep it.

    An entry whose checksum does not fit is built again; a full or read-only disk is no error.
    """
    name = hashlib.sha256(f"{_VERSION} {key}".encode()).hexdigest()
    path = cache_folder() / f"{name}.npy"
    found = _read(path)
    if found is not None:
        return found
    array = build()
    if array.nbytes >= _SMALLEST:
        with contextlib.suppress(OSError):
            _write(path, array)
    return array


def _checksum(array: np.ndarray) -> bytes:
    head = f"{array.dtype.str}{array.shape}".encode()
    inner = hashlib.sha256(head)
    inner.update(np.ascontiguousarray(array).data.cast("B"))
    return inner.digest()


def _read(path: Path) -> np.ndarray | None:
    try:
        with open(path, "rb") as file:
            array = np.load(file, allow_pickle=False)
            return array if file.read() == _checksum(array) else None
    except (OSError, ValueError, EOFError):
        return None


def _write(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(path.parent).free < 4 * array.nbytes:
        return
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with open(temporary, "wb") as file:
            np.save(file, array, allow_pickle=False)
            file.write(_checksum(array))
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
