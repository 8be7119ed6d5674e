"""What commands that read runs or networks take: runs, folders of runs, files, patterns, ``-``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Delete a run that is already at the new place.")
]


def expanded(items: list[str]) -> list[str]:
    """Return runs and files: patterns resolved, folders of runs as the runs in them.

    A file, a URL or a name that nothing has stays as it is, for the reader to say what is wrong.

    Raises
    ------
    RunError
        For a pattern that nothing matches, and a folder without a run.
    """
    from ..errors import RunError
    from ..run_library import is_plan, matching

    found: list[str] = []
    for item in items:
        here = matching(item)
        if not here:
            raise RunError(f"nothing matches {item}")
        found += [run for one in here if not is_plan(one) for run in _below(one)]
    return list(dict.fromkeys(found))


def _below(item: str) -> list[str]:
    from ..errors import RunError
    from ..run_library import find_runs, is_run

    if "://" in item or not os.path.isdir(os.path.expanduser(item)) or is_run(item):
        return [item]
    try:
        return find_runs(item)
    except RunError:
        files = f"{item.rstrip('/')}/*"
        raise RunError(f"{item} holds no run; to read networks name their files: {files}") from None


def one_of(items: list[str], what: str = "run") -> str:
    """Return the only one of what was found.

    Raises
    ------
    RunError
        If there are several.
    """
    from ..errors import RunError

    if len(items) > 1:
        shown = ", ".join(items[:3]) + (", …" if len(items) > 3 else "")
        raise RunError(f"this command takes one {what}, and these are {len(items)}: {shown}")
    return items[0]


def one_run(item: str) -> str:
    """Return the run that a folder, URL or pattern names.

    Raises
    ------
    RunError
        If it names none, or several.
    """
    from ..run_library import find_runs

    return one_of(find_runs(item))


def make_room(place: str, overwrite: bool, needed: Iterable[str] = ()) -> None:
    """Delete the run at a place where that was asked for; anything else stays.

    Raises
    ------
    RunError
        If something that is needed lies there.
    """
    from ..errors import RunError
    from ..run_library import delete_run, is_run

    if not overwrite or not is_run(place):
        return
    for item in needed:
        if "://" in item or "://" in place:
            inside = f"{item}/".startswith(f"{place.rstrip('/')}/")
        else:
            inside = Path(item).resolve().is_relative_to(Path(place).resolve())
        if inside:
            raise RunError(f"{place} is not overwritten: {item} is needed")
    delete_run(place)
