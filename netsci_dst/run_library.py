"""Folders of runs: find them, say what each came to, copy, delete and tag them."""

from __future__ import annotations

import glob
import os
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from . import sweep_plan
from .errors import NetsciError, RunError
from .reading import one_line
from .run import PROVENANCE, RECIPE, Run, load_run
from .store import Store

__all__ = [
    "copy_run",
    "delete_run",
    "find_runs",
    "is_run",
    "matching",
    "status_now",
    "summary",
    "tag",
    "tags",
]

TAGS = "tags"
_HELD = ("lock",)


def is_run(path: str | os.PathLike[str]) -> bool:
    """Whether a folder or URL holds a run, whole or damaged.

    Parameters
    ----------
    path
        A folder or fsspec URL.

    Returns
    -------
    bool
        False also where there is nothing.

    Examples
    --------
    >>> import tempfile
    >>> is_run(tempfile.mkdtemp())
    False
    """
    store = Store(path)
    return store.exists(PROVENANCE) or store.exists(RECIPE)


def find_runs(places: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[str]:
    """Return the runs at some places: a run is itself, a folder all runs in it, however deep.

    Parameters
    ----------
    places
        Run folders, folders of runs, glob patterns such as ``runs/mnist-*``, fsspec URLs.

    Returns
    -------
    list of str
        Their paths, sorted by place.

    Raises
    ------
    RunError
        If a place does not exist, or holds no run.

    Examples
    --------
    >>> import tempfile
    >>> place = tempfile.mkdtemp()
    >>> for name in ("a", "b"):
    ...     _ = Run.create(f"{place}/{name}", {"seed": 0})
    >>> [os.path.basename(path) for path in find_runs(place)]
    ['a', 'b']
    """
    one = isinstance(places, (str, os.PathLike))
    found: dict[str, None] = {}
    for place in [places] if one else places:
        if not one and is_plan(os.fspath(place)):
            continue
        here = [run for path in matching(place) for run in _runs_below(path)]
        if not here:
            raise RunError(_why_none(os.fspath(place)))
        found |= dict.fromkeys(here)
    return list(found)


def matching(place: str | os.PathLike[str]) -> list[str]:
    """Return the paths that a glob pattern matches, sorted; anything else as it is.

    Parameters
    ----------
    place
        A path, URL or pattern.

    Returns
    -------
    list of str
        Paths, sorted.

    Examples
    --------
    >>> matching("runs/mine")
    ['runs/mine']
    """
    place = os.fspath(place)
    if "://" in place or not glob.has_magic(place) or os.path.exists(place):
        return [place]
    return sorted(glob.glob(os.path.expanduser(place)))


def is_plan(place: str) -> bool:
    """Return whether this is what a sweep keeps beside its runs, taken along by ``sweep/*``.

    Parameters
    ----------
    place
        A path.

    Returns
    -------
    bool
        False also where no run is beside it.

    Examples
    --------
    >>> is_plan("runs/sweep")
    False
    """
    folder, name = os.path.split(os.path.expanduser(place))
    if name != sweep_plan.NAME or "://" in place or not os.path.isdir(folder or "."):
        return False
    with os.scandir(folder or ".") as entries:
        return any(is_run(entry.path) for entry in entries if entry.is_dir())


def _why_none(place: str) -> str:
    if place == "-":
        return "'-', standard input, holds a network; this takes runs"
    if "://" not in place and os.path.isfile(os.path.expanduser(place)):
        return f"{place} is a file; this takes runs, which are folders"
    if not matching(place):
        return f"nothing matches {place}"
    return f"{place} {'holds no run' if Store(place).exists() else 'does not exist'}"


def _runs_below(place: str) -> Iterator[str]:
    if is_run(place):
        yield place
        return
    store = Store(place)
    if not store.is_local:
        ends = [n for n in store.walk() if posixpath.basename(n) == PROVENANCE]
        yield from (f"{place.rstrip('/')}/{posixpath.dirname(n)}" for n in ends)
        return
    for folder, inner, names in os.walk(store.path()):
        inner.sort()
        if PROVENANCE in names or RECIPE in names:
            inner.clear()
            yield folder


def summary(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a run is and what it came to, as one row of plain values.

    Keys are ``run``, ``status``, ``data``, ``method``, ``model``, ``sparsity``, ``seed``,
    ``epoch``, the columns of the last evaluation, ``best`` (of the main metric), ``snapshots``,
    ``started``, ``hours`` and ``tags``. A run that cannot be read has its status ``damaged`` and an
    ``error``.

    Parameters
    ----------
    path
        The run's folder or URL.

    Returns
    -------
    dict
        Plain values by column.

    Examples
    --------
    >>> summary("runs/nowhere")["error"]
    'runs/nowhere does not exist'
    """
    row: dict[str, Any] = {"run": os.fspath(path)}
    try:
        return row | _facts(load_run(path))
    except NetsciError as error:
        return row | {"status": "damaged", "error": one_line(error)}


def _facts(run: Run) -> dict[str, Any]:
    recipe, made = run.recipe, run.provenance
    keys = ("data", "method", "model", "sparsity", "seed")
    row: dict[str, Any] = {"status": status_now(run)}
    row |= {key: recipe[key] for key in keys if isinstance(recipe.get(key), (str, int, float))}
    row |= _results(run, made)
    row["snapshots"] = len(run.snapshots)
    row["started"] = made.get("started")
    seconds = made.get("duration_s")
    row["hours"] = None if seconds is None else float(seconds) / 3600
    row[TAGS] = tags(run)
    return row


def status_now(run: Run) -> str:
    """Return the status of a run; one whose writer was killed is interrupted, not running.

    Parameters
    ----------
    run
        A run.

    Returns
    -------
    str
        ``running``, ``finished``, ``interrupted`` or ``failed``.

    Examples
    --------
    >>> import tempfile
    >>> run = Run.create(tempfile.mkdtemp() + "/run", {"seed": 0})
    >>> status_now(run)
    'created'
    """
    if run.status == "running" and run.store.is_locked() is False:
        return "interrupted"
    return run.status


def _results(run: Run, made: dict[str, Any]) -> dict[str, Any]:
    table = run.metrics
    if not len(table):
        return {}
    last = {key: value for key, value in table.iloc[-1].items() if value == value}
    last.pop("step", None)
    main, more = made.get("metric"), made.get("higher_is_better", True)
    if main in table:
        column = table[main].dropna()
        last["best"] = None if column.empty else float(column.max() if more else column.min())
    return {str(key): value for key, value in last.items()}


def tags(run: Run) -> list[str]:
    """Return the tags of a run, sorted.

    Parameters
    ----------
    run
        A run.

    Returns
    -------
    list of str
        None without tags.

    Examples
    --------
    >>> import tempfile
    >>> run = Run.create(tempfile.mkdtemp() + "/run", {"seed": 0})
    >>> _ = tag(run, add=["paper", "figure-3"])
    >>> tags(run)
    ['figure-3', 'paper']
    """
    known = run.provenance.get(TAGS) or []
    return sorted(str(tag) for tag in known)


def tag(run: Run, add: Sequence[str] = (), remove: Sequence[str] = ()) -> list[str]:
    """Add tags to a run, take others away, and return those it has now.

    Parameters
    ----------
    run
        A run.
    add, remove
        Tags to add, and to take away.

    Returns
    -------
    list of str
        The tags it has now, sorted.

    Raises
    ------
    RunError
        If a tag is empty or has a comma or white space in it, or the run is being written.

    Examples
    --------
    >>> import tempfile
    >>> run = Run.create(tempfile.mkdtemp() + "/run", {"seed": 0})
    >>> tag(run, add=["paper", "draft"]), tag(run, remove=["draft"])
    (['draft', 'paper'], ['paper'])
    """
    for name in add:
        if not name or any(c.isspace() or c == "," for c in name):
            raise RunError(f"{name!r} is no tag: use one word without commas")
    with run.store.lock():
        now = sorted(({*tags(run), *add}) - set(remove))
        run.update_provenance({TAGS: now})
    return now


def copy_run(run: str | os.PathLike[str], to: str | os.PathLike[str]) -> str:
    """Copy a run to a new place, its provenance last, so that half a copy is no run.

    Parameters
    ----------
    run
        The run's folder or URL.
    to
        Where the copy goes.

    Returns
    -------
    str
        The path of the copy.

    Raises
    ------
    RunError
        If there is no run, or the place is taken.

    Examples
    --------
    >>> import tempfile
    >>> place = tempfile.mkdtemp()
    >>> _ = Run.create(place + "/run", {"seed": 0})
    >>> is_run(copy_run(place + "/run", place + "/copy"))
    True
    """
    source, target = load_run(run).store, Store(to)
    if target.exists() and (is_run(to) or target.walk()):
        raise RunError(f"{target.url} is not empty: choose another place")
    names = [name for name in source.walk() if name not in _HELD]
    for name in sorted(names, key=lambda name: name == PROVENANCE):
        target.write(name, source.read(name))
    return target.url


def delete_run(run: str | os.PathLike[str]) -> None:
    """Delete a run with all that is in its folder.

    Parameters
    ----------
    run
        The run's folder or URL.

    Raises
    ------
    RunError
        If the folder holds no run, is a symbolic link, holds other runs, or is being written.

    Examples
    --------
    >>> import tempfile
    >>> place = tempfile.mkdtemp() + "/run"
    >>> _ = Run.create(place, {"seed": 0})
    >>> delete_run(place)
    >>> is_run(place)
    False
    """
    store = Store(run)
    if not is_run(run):
        raise RunError(f"{store.url} holds no run: nothing is deleted")
    if store.is_local and os.path.islink(store.path()):
        raise RunError(f"{store.url} is a link: delete what it points to")
    inner = [name for name in store.walk() if posixpath.basename(name) == PROVENANCE]
    if any(name != PROVENANCE for name in inner):
        raise RunError(f"{store.url} holds other runs: delete those first")
    with store.lock():
        store.remove()
