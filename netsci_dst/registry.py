"""The one registry by which methods, measures, models, data sets and parts are known.

Built-ins stand in a static table, name -> module, so that listing them imports nothing;
their file is imported when one is used. The table is written from the decorators by
``make table``. A user's extension comes through the same decorators: an installed distribution
declares an entry point in the group ``netsci_dst`` that names the module to import. A named method
is a TOML file and needs no line in the table.
"""

from __future__ import annotations

import importlib
import pkgutil
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, TypeVar

from .errors import NetsciError, UnknownName

__all__ = [
    "Entry",
    "Listed",
    "about",
    "add",
    "entries",
    "extensions",
    "get",
    "kinds",
    "listing",
    "names",
    "register",
    "registered",
    "remove",
]

T = TypeVar("T")

ENTRY_POINT_GROUP = "netsci_dst"
PACKAGE = __package__ or "netsci_dst"

# Where the built-ins of a kind live: a module, or a package with all below it.
HOMES: Mapping[str, str] = {
    "measure": "analysis",
    "null model": "analysis",
    "method": "methods",
    "removal": "training.evolution",
    "regrowth": "training.evolution",
    "density schedule": "training.evolution",
    "zeta schedule": "training.evolution",
    "softness": "training.evolution",
    "new weights": "training.evolution",
    "step hook": "training.evolution",
    "initialiser": "training.initialisation",
    "allocation": "training.initialisation",
    "initial weights": "training.initialisation",
    "optimizer": "training.optimizers",
    "lr schedule": "training.schedules",
    "model": "training.models",
    "data": "training.data",
    "task": "training.tasks",
    "format": "training.formats",
    "link predictor": "link_prediction",
    "section": "reports",
}


@dataclass(frozen=True)
class Entry:
    """One registered thing: what it is called, one sentence about it, and where it comes from.

    Attributes
    ----------
    kind, name
        What it is, and what it is called.
    target
        The function, class or table itself.
    summary, source
        One sentence, and where it comes from.
    metadata
        Facts that only some kinds have.

    Examples
    --------
    >>> get("regrowth", "random").summary
    'Any absent link, uniformly.'
    """

    kind: str
    name: str
    target: Any
    summary: str
    source: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Listed:
    """What the table says of a built-in; nothing is imported for it.

    Attributes
    ----------
    kind, name
        What it is, and what it is called.
    where
        Module and name of the object, or the file that holds it.
    summary, source
        One sentence, and where it comes from.
    metadata
        Facts that only some kinds have.

    Examples
    --------
    >>> about("method", "set").name
    'set'
    """

    kind: str
    name: str
    where: str
    summary: str
    source: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


_entries: dict[str, dict[str, Entry]] = {kind: {} for kind in HOMES}


def kinds() -> list[str]:
    """Return the kinds of things that can be registered.

    Returns
    -------
    list of str
        In the order in which they are listed.

    Examples
    --------
    >>> [kind for kind in kinds() if kind.startswith("m")]
    ['measure', 'method', 'model']
    """
    return list(HOMES)


def add(
    kind: str, name: str, target: Any, /, *, summary: str, source: str = "", **metadata: Any
) -> Entry:
    """Register ``target`` as the ``kind`` called ``name``.

    Parameters
    ----------
    kind
        One of `kinds`.
    name
        What it is called.
    target
        The function, class or table itself.
    summary, source
        One sentence, and where it comes from.
    metadata
        Facts that only some kinds have, such as a measure's tier.

    Returns
    -------
    Entry
        What is known of it now.

    Raises
    ------
    NetsciError
        If the kind is unknown or another object already has the name.

    Examples
    --------
    >>> add("removal", "of_mine", abs, summary="Keep what is large.").name
    'of_mine'
    >>> remove("removal", "of_mine")
    """
    if kind not in HOMES:
        raise UnknownName("kind", kind, HOMES)
    entry = Entry(kind, name, target, summary, source, MappingProxyType(metadata))
    known = _entries[kind].get(name)
    taken = known is not None and _origin(known.target) != _origin(target)
    if taken or _is_built_in_elsewhere(kind, name, target):
        raise NetsciError(f"{kind} {name!r} is registered twice: choose another name")
    _entries[kind][name] = entry
    return entry


def register(
    kind: str, name: str, /, *, summary: str = "", source: str = "", **metadata: Any
) -> Callable[[T], T]:
    """Decorate a function or class to make it known as the ``kind`` called ``name``.

    The summary defaults to the first line of the docstring.

    Parameters
    ----------
    kind
        One of `kinds`.
    name
        What it is called.
    summary, source
        One sentence, and where it comes from.
    metadata
        Facts that only some kinds have, such as a measure's tier.

    Returns
    -------
    callable
        A decorator that returns its target as it is.

    Examples
    --------
    >>> from netsci_dst import registry
    >>> @registry.register("removal", "mine", summary="Keep what I like.")
    ... def mine(layer):
    ...     return layer.values
    >>> registry.get("removal", "mine").summary
    'Keep what I like.'
    """

    def decorate(target: T) -> T:
        doc = (target.__doc__ or "").strip()
        text = summary or (doc.splitlines()[0] if doc else "")
        add(kind, name, target, summary=text, source=source, **metadata)
        return target

    return decorate


def remove(kind: str, name: str) -> None:
    """Forget an extension's entry, so that its name is free again.

    Parameters
    ----------
    kind, name
        What was registered.

    Raises
    ------
    NetsciError
        If it is unknown or built in.

    Examples
    --------
    >>> _ = add("removal", "for_a_while", abs, summary="Keep what is large.")
    >>> remove("removal", "for_a_while")
    >>> "for_a_while" in names("removal")
    False
    """
    get(kind, name)
    if name in _built_in(kind):
        raise NetsciError(f"{kind} {name!r} is built in: it cannot be removed")
    del _entries[kind][name]


def get(kind: str, name: str) -> Entry:
    """Return the entry, its file imported, or raise `UnknownName` with the nearest right name.

    Parameters
    ----------
    kind, name
        What is asked for.

    Returns
    -------
    Entry
        Its ``target`` is the function or class.

    Raises
    ------
    UnknownName
        With the nearest right name.

    Examples
    --------
    >>> get("link predictor", "ch3_l3p").name
    'ch3_l3p'
    """
    known = _of(kind)
    if name not in known:
        built_in = _built_in(kind)
        if name in built_in:
            _load(built_in[name])
        if name not in known:
            scan(HOMES[kind])
        if name not in known:
            raise UnknownName(kind, name, {*known, *built_in})
    return known[name]


def entries(kind: str) -> list[Entry]:
    """Return all entries of a kind in order of name; every file of the kind is imported.

    Parameters
    ----------
    kind
        One of `kinds`.

    Returns
    -------
    list of Entry
        In order of name.

    Examples
    --------
    >>> [entry.name for entry in entries("task")]
    ['classification', 'contrastive-divergence', 'language-model', 'translation']
    """
    return [get(kind, name) for name in names(kind)]


def names(kind: str) -> list[str]:
    """Return all names of a kind, sorted; no file of the kind is imported.

    Parameters
    ----------
    kind
        One of `kinds`.

    Returns
    -------
    list of str
        Sorted.

    Examples
    --------
    >>> names("task")
    ['classification', 'contrastive-divergence', 'language-model', 'translation']
    """
    return sorted({*_of(kind), *_built_in(kind)})


def extensions(kind: str) -> list[str]:
    """Return the names of a kind that were registered from outside, sorted.

    Parameters
    ----------
    kind
        One of `kinds`.

    Returns
    -------
    list of str
        Sorted.

    Examples
    --------
    >>> extensions("task")
    []
    """
    return sorted(set(_of(kind)) - set(_built_in(kind)))


def listing(kind: str) -> list[Entry | Listed]:
    """Return what is known of a kind in order of name; no file of the kind is imported.

    Parameters
    ----------
    kind
        One of `kinds`.

    Returns
    -------
    list of Entry or Listed
        In order of name.

    Examples
    --------
    >>> [found.name for found in listing("task")]
    ['classification', 'contrastive-divergence', 'language-model', 'translation']
    """
    return [about(kind, name) for name in names(kind)]


def about(kind: str, name: str) -> Entry | Listed:
    """Return name, summary, source and metadata of a thing without importing it.

    Parameters
    ----------
    kind, name
        What is asked for.

    Returns
    -------
    Entry or Listed
        What the table says, or the entry itself where it is imported.

    Raises
    ------
    UnknownName
        With the nearest right name.

    Examples
    --------
    >>> about("task", "classification").name
    'classification'
    """
    known, built_in = _of(kind), _built_in(kind)
    if name in known or name not in built_in:
        return get(kind, name)
    return built_in[name]


def registered(kind: str) -> Mapping[str, Entry]:
    """Return what has registered itself so far, name -> entry.

    Parameters
    ----------
    kind
        One of `kinds`.

    Returns
    -------
    Mapping
        Read-only.

    Examples
    --------
    >>> _ = get("task", "classification")
    >>> "classification" in registered("task")
    True
    """
    return MappingProxyType(_entries[kind])


@cache
def scan(home: str) -> None:
    """Import a module below this package, or all public modules of a package, if it is there."""
    place = f"{PACKAGE}.{home}"
    if find_spec(place) is None:
        return
    package = importlib.import_module(place)
    for module in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{place}."):
        if not module.name.rpartition(".")[2].startswith("_"):
            importlib.import_module(module.name)


def _of(kind: str) -> dict[str, Entry]:
    if kind not in HOMES:
        raise UnknownName("kind", kind, HOMES)
    _import_extensions()
    return _entries[kind]


@cache
def _built_in(kind: str) -> Mapping[str, Listed]:
    if kind == "method":
        return {name: _of_file(name, table) for name, table in method_files().items()}
    from .table import TABLE

    lines = TABLE.get(kind, {})
    return {name: Listed(kind, name, *line) for name, line in lines.items()}


@cache
def method_files() -> Mapping[str, Mapping[str, Any]]:
    """Return the shipped methods: name -> the table of its TOML file."""
    folder = resources.files(f"{PACKAGE}.methods")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return {
        file.name.removesuffix(".toml"): tomllib.loads(file.read_text(encoding="utf-8"))
        for file in files
    }


def _of_file(name: str, table: Mapping[str, Any]) -> Listed:
    return Listed("method", name, f"methods/{name}.toml", table["summary"], table["source"])


def _load(listed: Listed) -> None:
    """Import the file of a built-in, whose decorator registers it."""
    kind, name = listed.kind, listed.name
    if kind == "method":
        options = dict(method_files()[name])
        add("method", name, options, summary=options.pop("summary"), source=options.pop("source"))
        return
    place = f"{PACKAGE}.{listed.where}"
    try:
        importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name != place:  # the table is older than the code: its file has moved
            raise


@cache
def _import_extensions() -> None:
    from importlib.metadata import entry_points

    for point in entry_points(group=ENTRY_POINT_GROUP):
        try:
            point.load()
        except Exception as error:
            raise NetsciError(
                f"the extension {point.name!r} ({point.value}) cannot be imported: {error}"
            ) from error


def _is_built_in_elsewhere(kind: str, name: str, target: Any) -> bool:
    module = str(getattr(target, "__module__", ""))
    if module.startswith(f"{PACKAGE}.") or kind == "method":
        return False
    return name in _built_in(kind) and name not in _entries[kind]


def _origin(target: Any) -> object:
    # A module imported twice (a notebook cell run again) may register its own things again.
    name = getattr(target, "__qualname__", None)
    return (target.__module__, name) if name else repr(target)
