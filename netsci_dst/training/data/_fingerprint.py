"""Fingerprints of content: equal data has an equal fingerprint, whatever file it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np


def fingerprint_of(parts: Iterable[Any]) -> str:
    """Return the sha256 in hexadecimal of arrays, texts and bytes, in order."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(_digest(part))
    return whole.hexdigest()


def file_fingerprint(paths: Iterable[Path]) -> str:
    """Return the sha256 in hexadecimal of the content of files, in order."""
    whole = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def _digest(part: Any) -> bytes:
    if isinstance(part, np.ndarray):
        head = f"{part.dtype.str}{part.shape}".encode()
        body = np.ascontiguousarray(part).data.cast("B") if part.size else b""
        inner = hashlib.sha256(head)
        inner.update(body)
        return inner.digest()
    if hasattr(part, "fingerprint"):
        return hashlib.sha256(part.fingerprint.encode()).digest()
    data = part.encode() if isinstance(part, str) else bytes(part)
    return hashlib.sha256(data).digest()
