"""What commands that read runs or networks take: runs, folders of runs, files, patterns, ``-``."""

from __future__ import annotations

import glob
import os


def expanded(items: list[str]) -> list[str]:
    """Return runs and files: patterns resolved, folders of runs as the runs in them.

    What is none of these stays as it is, for the reader to say what is wrong with it.
    """
    found = [one for item in items for one in _globbed(item)]
    found = [one for one in found if not _is_plan(one)]
    return list(dict.fromkeys(run for one in found for run in _below(one)))


def _is_plan(item: str) -> bool:
    """Whether this is what a sweep keeps beside its runs, taken along by ``sweep/*``."""
    from ..run_library import is_run
    from ..sweep_plan import NAME

    folder, name = os.path.split(item)
    return name == NAME and any(is_run(f.path) for f in os.scandir(folder or ".") if f.is_dir())


def _globbed(item: str) -> list[str]:
    if "://" in item or not glob.has_magic(item) or os.path.exists(item):
        return [item]
    return sorted(glob.glob(os.path.expanduser(item))) or [item]


def _below(item: str) -> list[str]:
    from ..errors import RunError
    from ..run_library import find_runs, is_run

    if "://" in item or not os.path.isdir(os.path.expanduser(item)) or is_run(item):
        return [item]
    try:
        return find_runs(item)
    except RunError:
        return [item]
