"""The one registry by which methods, measures, models, data sets and parts are known.

Built-ins and a user's extensions come through the same decorator. A built-in is found because its
file lies in the package of its kind; an extension because an installed distribution declares an
entry point in the group ``netsci_dst`` that names the module to import.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from .errors import NetsciError, UnknownName

T = TypeVar("T")

ENTRY_POINT_GROUP = "netsci_dst"

# Every public module of these packages is imported when its kind is first asked for.
_HOMES: Mapping[str, str] = {
    "measure": "netsci_dst.analysis",
    "null model": "netsci_dst.analysis",
    "method": "netsci_dst.training.methods",
    "removal": "netsci_dst.training.evolution",
    "regrowth": "netsci_dst.training.evolution",
    "density schedule": "netsci_dst.training.evolution",
    "zeta schedule": "netsci_dst.training.evolution",
    "softness": "netsci_dst.training.evolution",
    "new weights": "netsci_dst.training.evolution",
    "step hook": "netsci_dst.training.evolution",
    "initialiser": "netsci_dst.training.initialisation",
    "model": "netsci_dst.training.models",
    "data": "netsci_dst.training.data",
    "link predictor": "netsci_dst.link_prediction",
}


@dataclass(frozen=True)
class Entry:
    """One registered thing: what it is called, one sentence about it, and where it comes from."""

    kind: str
    name: str
    target: Any
    summary: str
    source: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


_entries: dict[str, dict[str, Entry]] = {kind: {} for kind in _HOMES}
_loaded: set[str] = set()


def kinds() -> list[str]:
    """Return the kinds of things that can be registered."""
    return list(_HOMES)


def add(
    kind: str, name: str, target: Any, /, *, summary: str, source: str = "", **metadata: Any
) -> Entry:
    """Register ``target`` as the ``kind`` called ``name``.

    Raises
    ------
    NetsciError
        If the kind is unknown or another object already has the name.
    """
    if kind not in _HOMES:
        raise UnknownName("kind", kind, _HOMES)
    entry = Entry(kind, name, target, summary, source, MappingProxyType(metadata))
    known = _entries[kind].get(name)
    if known is not None and _origin(known.target) != _origin(target):
        raise NetsciError(f"{kind} {name!r} is registered twice: choose another name")
    _entries[kind][name] = entry
    return entry


def register(
    kind: str, name: str, /, *, summary: str = "", source: str = "", **metadata: Any
) -> Callable[[T], T]:
    """Decorate a function or class to make it known as the ``kind`` called ``name``.

    The summary defaults to the first line of the docstring.

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


def get(kind: str, name: str) -> Entry:
    """Return the entry, or raise `UnknownName` with the nearest right name."""
    known = _of(kind)
    if name not in known:
        raise UnknownName(kind, name, known)
    return known[name]


def entries(kind: str) -> list[Entry]:
    """Return all entries of a kind, in order of name."""
    known = _of(kind)
    return [known[name] for name in sorted(known)]


def names(kind: str) -> list[str]:
    """Return all names of a kind, sorted."""
    return sorted(_of(kind))


def _of(kind: str) -> dict[str, Entry]:
    if kind not in _HOMES:
        raise UnknownName("kind", kind, _HOMES)
    home = _HOMES[kind]
    if home not in _loaded:
        _loaded.add(home)
        package = importlib.import_module(home)
        for module in getattr(package, "PUBLIC", None) or _public_modules(package):
            importlib.import_module(f"{home}.{module}")
    if "entry points" not in _loaded:
        _loaded.add("entry points")
        _import_extensions()
    return _entries[kind]


def _public_modules(package: Any) -> list[str]:
    found = pkgutil.iter_modules(package.__path__)
    return [module.name for module in found if not module.name.startswith("_")]


def _import_extensions() -> None:
    from importlib.metadata import entry_points

    for point in entry_points(group=ENTRY_POINT_GROUP):
        try:
            point.load()
        except Exception as error:
            raise NetsciError(
                f"the extension {point.name!r} ({point.value}) cannot be imported: {error}"
            ) from error


def _origin(target: Any) -> object:
    # A module imported twice (a notebook cell run again) may register its own things again.
    name = getattr(target, "__qualname__", None)
    return (target.__module__, name) if name else repr(target)
