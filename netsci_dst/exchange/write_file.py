"""One file at any place a run can lie."""

from __future__ import annotations

import os

from ..store import Store


def write_file(path: str | os.PathLike[str], data: bytes) -> str:
    """Write a file at a local path or fsspec URL, whole or not at all, and return the path.

    Raises
    ------
    RunError
        If it cannot be written.
    """
    name = os.fspath(path)
    base = os.path.basename(name)
    Store(name[: len(name) - len(base)] or ".").write(base, data)
    return name
