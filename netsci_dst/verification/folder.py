"""What lies in a run folder that is neither a regular file nor a real folder."""

from __future__ import annotations

import os

from ..finding import DAMAGED, Finding
from ..store import Store


def check_folder(store: Store) -> list[Finding]:
    """Return a finding for each link, pipe or device; none of them is ever followed or read."""
    if not store.is_local:
        return []
    found = []
    for folder, folders, files in os.walk(store.path()):
        for name in sorted([*folders, *files]):
            inside = os.path.relpath(os.path.join(folder, name), store.path())
            kind = _kind(os.path.join(folder, name))
            if kind is not None:
                found.append(Finding(DAMAGED, f"{store.path(inside)} is a {kind}: it is not read"))
    return found


def _kind(path: str) -> str | None:
    if os.path.islink(path):
        return "symbolic link"
    if os.path.isdir(path) or os.path.isfile(path) or not os.path.lexists(path):
        return None
    return "pipe, socket or device"
