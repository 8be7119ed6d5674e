"""Checksums of what a run holds: of named arrays in one file, and of a JSON object."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

FIELD = "checksum"


def arrays_checksum(header: str, arrays: Iterable[tuple[str, str, tuple[int, ...], Any]]) -> str:
    """Return a CRC of a header and of arrays; it is faster than the disk they are written to.

    Parameters
    ----------
    header
        Text that belongs to them.
    arrays
        Name, type, shape and flat bytes (any buffer) of each, in an order of the caller's.
    """
    value = zlib.crc32(header.encode())
    for name, kind, shape, data in arrays:
        value = zlib.crc32(f"{name} {kind} {tuple(shape)}".encode(), value)
        value = zlib.crc32(data, value)
    return f"{value:08x}"


def signed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts that JSON can hold, with a checksum of them."""
    plain = json.loads(json.dumps({k: v for k, v in facts.items() if k != FIELD}, default=str))
    return {**plain, FIELD: _of(plain)}


def matches(facts: Mapping[str, Any]) -> bool:
    """Return whether facts are as they were when `signed`; those without a checksum are."""
    found = facts.get(FIELD)
    return found is None or found == _of({k: v for k, v in facts.items() if k != FIELD})


def _of(facts: Mapping[str, Any]) -> str:
    return f"{zlib.crc32(json.dumps(facts).encode()):08x}"
