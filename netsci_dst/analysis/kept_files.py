"""The files of a run's analysis; those of a run that is read-only stay in memory."""

from __future__ import annotations

import contextlib
import posixpath

from ..errors import ReadOnly, RunError
from ..store import Store

# By the place of a run: what one analysis computes is there for a report of the same process.
_memory: dict[str, dict[str, bytes]] = {}


class KeptFiles:
    """Files below a run folder, written to it where that is allowed, else kept in memory."""

    def __init__(self, store: Store):
        self.store = store
        self._kept = _memory.setdefault(store.path(), {})

    def path(self, name: str) -> str:
        """Return the full path of a file."""
        return self.store.path(name)

    def exists(self, name: str) -> bool:
        """Return whether a file is there."""
        return name in self._kept or self.store.exists(name)

    def read(self, name: str) -> bytes:
        """Return a file's bytes; a missing file is a `RunError`."""
        return self._kept[name] if name in self._kept else self.store.read(name)

    def write(self, name: str, data: bytes | memoryview) -> None:
        """Write a file."""
        try:
            self.store.write(name, data)
        except ReadOnly:
            self._kept[name] = bytes(data)

    def list(self, folder: str) -> list[str]:
        """Return the names of the files directly in a folder."""
        kept = [posixpath.basename(n) for n in self._kept if posixpath.dirname(n) == folder]
        return sorted({*self.store.list(folder), *kept})

    def delete(self, name: str) -> None:
        """Delete a file; one that may not be deleted stays."""
        if self._kept.pop(name, None) is None:
            with contextlib.suppress(ReadOnly):
                self.store.delete(name)

    def clean(self) -> None:
        """Remove what killed analyses left behind."""
        with contextlib.suppress(RunError):
            self.store.clean()
