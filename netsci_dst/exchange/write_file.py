"""One file at any place a run can lie."""

from __future__ import annotations

import os
import stat

from ..store import Store


def write_file(path: str | os.PathLike[str], data: bytes) -> str:
    """Write a file at a local path or fsspec URL, whole or not at all, and return the path.

    Raises
    ------
    RunError
        If it cannot be written.
    """
    name = os.fspath(path)
    if _is_stream(name):
        with open(name, "wb") as stream:
            stream.write(data)
        return name
    base = os.path.basename(name)
    folder = Store(name[: len(name) - len(base)] or ".")
    folder.clean(base)  # what a writer that was killed left
    folder.write(base, data)
    return name


def _is_stream(name: str) -> bool:
    """Whether something is there that is written to, not replaced: /dev/stdout, a pipe."""
    try:
        kind = os.stat(name).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISCHR(kind) or stat.S_ISFIFO(kind)
