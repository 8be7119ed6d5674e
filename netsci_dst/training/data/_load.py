"""Find what a name, a path or a hub id stands for."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

from ... import registry
from ...errors import DataError, FormatError, UnknownName
from ...reading import reading
from ._dataset import Dataset

_LIMITS = ("limit", "limit_test")
_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")


def load(source: str | Path, **options: Any) -> Dataset:
    """Return the data set called or lying at ``source``.

    Parameters
    ----------
    source
        A registered name (``digits``, ``mnist``, ...), a folder or file whose form is recognised
        (IDX, parquet, image folders, ...), or the id of a data set on the Hugging Face hub
        (``owner/name``).
    options
        The loader's own options, and for all ``limit`` and ``limit_test``: at most so many
        training and test samples, drawn by a fixed seed.

    Raises
    ------
    UnknownName
        For a name or option that is not known.
    DataError
        When the data is missing, unreadable or of the wrong form.
    """
    limits = {part: options.pop(part, None) for part in _LIMITS}
    dataset = _loader(str(source), options)
    if any(n is not None for n in limits.values()):
        dataset = dataset.limited(limits["limit"], limits["limit_test"])
    return dataset


def load_path(path: Path, **options: Any) -> Dataset:
    """Load a folder or file by the first registered loader that recognises its form."""
    if not path.exists():
        raise DataError(f"{path} does not exist; give the folder that holds the data")
    entries = [e for e in registry.entries("data") if "recognises" in e.metadata]
    entries.sort(key=lambda e: e.metadata.get("priority", 50))
    for entry in entries:
        if entry.metadata["recognises"](path):
            return _call(entry, {"path": path, **options})
    _refuse_damaged(path)
    forms = "; ".join(e.metadata["form"] for e in entries if "form" in e.metadata)
    raise DataError(f"{path} holds no data of a known form ({forms})")


def _refuse_damaged(path: Path) -> None:
    """Say of a parquet file that is damaged that it is, not that its form is unknown."""
    import pyarrow.parquet as pq

    files = [path] if path.suffix == ".parquet" else sorted(path.rglob("*.parquet"))[:20]
    for file in files:
        with reading(file, "a parquet file that can be read", DataError):
            pq.read_schema(file)


def _loader(source: str, options: dict[str, Any]) -> Dataset:
    path = Path(source).expanduser()
    if source in registry.names("data"):
        try:
            return _call(registry.get("data", source), options)
        except DataError as error:
            if not path.exists():
                raise
            raise DataError(f"{error}; what is called so here is ./{source}") from error
    if path.exists():
        return load_path(path, **options)
    if _HUB_ID.fullmatch(source):
        return _call(registry.get("data", "hub"), {"id": source, **options})
    if "/" in source or "\\" in source or path.suffix:
        raise DataError(f"{source} does not exist; give a data set's name or its folder")
    raise UnknownName("data", source, registry.names("data"))


def _call(entry: registry.Entry, options: dict[str, Any]) -> Dataset:
    parameters = inspect.signature(entry.target).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        for option in options:
            if option not in parameters:
                known = [*parameters, *_LIMITS]
                raise UnknownName(f"option of the data set {entry.name}", option, known)
    for name, parameter in parameters.items():
        named = parameter.kind is not parameter.VAR_KEYWORD
        if named and parameter.default is parameter.empty and name not in options:
            raise DataError(f"the data set {entry.name!r} needs {name}=, one of its data_options")
    try:
        return entry.target(**options)
    except FormatError as error:
        raise DataError(str(error)) from error
