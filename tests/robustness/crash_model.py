"""A model of a run folder on a disk: what may be there after a stop at any of its writes.

Every change of a run is a file renamed into place or a file deleted, one after the other, each
flushed to the disk before the next. So after a stop the folder holds what a prefix of the changes
leaves, and perhaps half a temporary file of the next.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from netsci_dst.local_folder import LocalFolder


@dataclass
class Changes:
    """The changes of a folder, in order: name and bytes; None where a file was deleted."""

    made: list[tuple[str, bytes | None]] = field(default_factory=list)

    def lay(self, folder: Path, count: int, torn: bool) -> None:
        """Make a folder as the first ``count`` changes leave it, with half of the next if torn."""
        files: dict[str, bytes] = {}
        for name, data in self.made[:count]:
            if data is None:
                files.pop(name, None)
            else:
                files[name] = data
        folder.mkdir(parents=True)
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        if torn and count < len(self.made):
            name, data = self.made[count]
            if data is not None:
                place = folder / name
                place.parent.mkdir(parents=True, exist_ok=True)
                half = data[: len(data) // 2]
                place.with_name(f".{place.name}.tmp-1-0123abcd").write_bytes(half)


@contextlib.contextmanager
def recorded(root: Path) -> Iterator[Changes]:
    """Record every change below a folder while the block runs."""
    changes, write, delete = Changes(), LocalFolder.write, LocalFolder.delete

    def written(self: LocalFolder, name: str, data: bytes | memoryview) -> None:
        write(self, name, data)
        if Path(self.root) == root:
            changes.made.append((name, bytes(data)))

    def deleted(self: LocalFolder, name: str) -> None:
        delete(self, name)
        if Path(self.root) == root:
            changes.made.append((name, None))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalFolder, "write", written)
        patch.setattr(LocalFolder, "delete", deleted)
        yield changes
