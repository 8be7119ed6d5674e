"""A run: a folder that says what was asked, what happened, and holds the snapshots."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from . import snapshots as _codec
from .checksums import FIELD, matches, signed
from .errors import FormatError, NetsciError, RunError, RunExists
from .growing import Growing
from .reading import reading
from .snapshots import Snapshot
from .store import Store
from .table_forms import Json, Parquet

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FORMAT_VERSION = 1
RECIPE, PROVENANCE = "recipe.toml", "provenance.json"
TABLES = ("metrics", "evolution")
_RECIPE_CHECKSUM = "recipe_sha256"
_TABLES_OF_PROVENANCE = ("versions", "machine", "data", "model", "best", "sources")
_INDEX, _INDEX_TAIL = "snapshots/index.json", "snapshots/index-tail.json"
# What changes while a run grows.
GROWING = (
    *(f"{table}{part}.parquet" for table in TABLES for part in ("", "-tail")),
    _INDEX,
    _INDEX_TAIL,
)
_SNAPSHOT_NAME = re.compile(r"step-(\d{8,})\.safetensors")


class Run:
    """One training run, recorded or imported; see "The run folder" in the documentation.

    Use `Run.create` to start one and `load_run` to open one.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from netsci_dst import Snapshot, Topology
    >>> run = Run.create(tempfile.mkdtemp() + "/run", {"seed": 0})
    >>> _ = run.write_snapshot(Snapshot(Topology.chain([np.eye(4)]), step=0))
    >>> run.append("metrics", [{"step": 0, "epoch": 0.0, "accuracy": 0.1}])
    >>> run.snapshots.steps, run.metrics["accuracy"].tolist(), run.snapshots[-1].topology.n_links
    ([0], [0.1], 4)
    """

    def __init__(self, store: Store):
        self.store = store
        self.snapshots: Snapshots = Snapshots(store)
        self._pending: dict[str, list[dict[str, Any]]] = {}
        self._tables: dict[str, Growing[pa.Table]] = {}

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        recipe: Mapping[str, Any],
        provenance: Mapping[str, Any] | None = None,
    ) -> Run:
        """Start a run in a new or empty folder.

        Raises
        ------
        RunError
            If the folder already holds a run, or cannot be written.
        """
        import tomli_w

        store = Store(path)
        if store.exists(PROVENANCE) or store.exists(RECIPE):
            raise RunExists(
                f"{store.url} already holds a run: resume it (resume=True in a loop of one's own), "
                "or choose another folder with --out"
            )
        run = cls(store)
        text = tomli_w.dumps(_without_none(recipe)).encode()
        store.write(RECIPE, text)
        facts = {"status": "created", **(provenance or {})}
        run.update_provenance({**facts, _RECIPE_CHECKSUM: hashlib.sha256(text).hexdigest()})
        return run

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Run:
        """Open an existing run.

        Raises
        ------
        RunError
            If there is no run at the path.
        FormatError
            If it was written by a newer version of this package.
        """
        store = Store(path)
        if not store.exists(PROVENANCE):
            what = f"holds no run (no {PROVENANCE}); a network is named by its file"
            raise RunError(f"{store.url} {what if store.exists() else 'does not exist'}")
        run = cls(store)
        version = run.provenance.get("format")
        if not isinstance(version, int) or isinstance(version, bool):
            raise FormatError(f"{store.url}: {PROVENANCE} states no format version")
        if version > FORMAT_VERSION:
            raise FormatError(
                f"{store.url} has format version {version}; this netsci-dst reads up to "
                f"{FORMAT_VERSION}: install a newer one"
            )
        return run

    @property
    def path(self) -> str:
        """The folder or URL."""
        return self.store.url

    @property
    def name(self) -> str:
        """The last part of the path."""
        return re.split(r"[/\\]", self.path.rstrip("/\\"))[-1] or self.path

    @property
    def recipe(self) -> dict[str, Any]:
        """What was asked, resolved in full."""
        data, path = self.store.read(RECIPE), self.store.path(RECIPE)
        with reading(path):
            recipe = tomllib.loads(data.decode())
        known = self.provenance.get(_RECIPE_CHECKSUM) if self.store.exists(PROVENANCE) else None
        if known is not None and known != hashlib.sha256(data).hexdigest():
            raise FormatError(
                f"{path} does not match its checksum: it was changed after the run had begun"
            )
        return recipe

    @property
    def provenance(self) -> dict[str, Any]:
        """Format and package versions, machine, seed, data fingerprint, status, duration."""
        found = _read_json(self.store, PROVENANCE, dict)
        unsigned = FIELD not in found and _RECIPE_CHECKSUM in found
        if unsigned or not matches(found):
            raise FormatError(
                f"{self.store.path(PROVENANCE)} does not match its checksum: it was changed or "
                "damaged"
            )
        found.pop(FIELD, None)
        for key in _TABLES_OF_PROVENANCE:
            if found.get(key) is not None and not isinstance(found[key], dict):
                raise FormatError(f"{self.store.path(PROVENANCE)} is corrupt: {key!r} is no table")
        return found

    def update_provenance(self, changes: Mapping[str, Any]) -> None:
        """Merge changes into ``provenance.json``."""
        known = self.provenance if self.store.exists(PROVENANCE) else {"format": FORMAT_VERSION}
        text = json.dumps(signed({**known, **changes}), indent=2)
        self.store.write(PROVENANCE, text.encode())

    @property
    def status(self) -> str:
        """``created``, ``running``, ``interrupted``, ``failed`` or ``finished``."""
        return str(self.provenance.get("status", "unknown"))

    # --- tables -------------------------------------------------------------------------------

    @property
    def metrics(self) -> pd.DataFrame:
        """A row per evaluation: step, epoch, losses, the metric, learning rate, wall time."""
        return self.table("metrics")

    @property
    def evolution(self) -> pd.DataFrame:
        """A row per topology update and layer (layer ``all``: the whole network)."""
        return self.table("evolution")

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of the run; an empty frame when nothing was recorded."""
        import pandas as pd

        rows = self._table(name).read()
        _check_columns(rows.schema, self.store.path(f"{name}.parquet"))
        return pd.DataFrame(rows.to_pylist())

    def append(self, name: str, rows: Sequence[Mapping[str, Any]], flush: bool = True) -> None:
        """Add rows to a table and, unless ``flush`` is False, write them out."""
        self._pending.setdefault(name, []).extend(dict(row) for row in rows)
        if flush:
            self.flush(name)

    def replace(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write a table anew."""
        self._pending.pop(name, None)
        self._table(name).replace(_as_arrow(rows))

    def flush(self, *names: str) -> None:
        """Write out rows that were appended."""
        for name in names or tuple(self._pending):
            if self._pending.get(name):
                self._table(name).extend(_as_arrow(self._pending[name]))
                del self._pending[name]

    def _table(self, name: str) -> Growing[pa.Table]:
        if name not in self._tables:
            self._tables[name] = Growing(
                self.store, f"{name}.parquet", f"{name}-tail.parquet", Parquet()
            )
        return self._tables[name]

    # --- writing ------------------------------------------------------------------------------

    @contextlib.contextmanager
    def writing(self) -> Iterator[Run]:
        """Hold the run's lock; see `Store.lock`."""
        with self.store.lock():
            self.store.clean()
            for growing in self._growing():
                growing.forget()
            self.snapshots._cached, self.snapshots._in_step = None, False
            try:
                yield self
            finally:
                # What is in a tail is safe there, when the disk is full for instance.
                with contextlib.suppress(NetsciError, OSError):
                    self._merge()

    def _growing(self) -> list[Growing[Any]]:
        return [*map(self._table, TABLES), self.snapshots._listed]

    def _merge(self) -> None:
        for growing in self._growing():
            growing.merge()

    def write_snapshot(self, snapshot: Snapshot, weights: bool = True) -> None:
        """Store a snapshot; one of the same step is replaced."""
        self.snapshots._write(snapshot, weights)

    def rewind(self, step: int) -> None:
        """Drop every row and snapshot after ``step``, so that training can repeat from there."""
        for name in TABLES:
            self._pending.pop(name, None)
            rows = self._table(name).read().to_pylist()
            kept = [row for row in rows if row["step"] <= step]
            if len(kept) < len(rows):
                self.replace(name, kept)
        self.snapshots._drop(lambda taken: taken > step)

    def __repr__(self) -> str:
        return f"Run({self.path!r}, {self.status}, {len(self.snapshots)} snapshots)"


class Snapshots(Sequence[Snapshot]):
    """The snapshots of a run in order of step, read from disk when asked for."""

    def __init__(self, store: Store):
        self._store = store
        self._cached: list[dict[str, Any]] | None = None
        self._listed: Growing[list[dict[str, Any]]] = Growing(store, _INDEX, _INDEX_TAIL, Json())
        self._in_step = False  # whether the index on the disk lists what the one here does

    @property
    def index(self) -> list[dict[str, Any]]:
        """Per snapshot: file, step, epoch, sha256, bytes."""
        if self._cached is None:
            self._cached = self._read_index()
        return self._cached

    def _read_index(self) -> list[dict[str, Any]]:
        entries = self._listed.read()
        if not all(_is_entry(entry) for entry in entries):
            raise FormatError(f"{self._store.path(_INDEX)} is corrupt")
        # A run stopped between writing a snapshot and its index still has the snapshot.
        listed = {entry["file"] for entry in entries}
        for name in self._store.list("snapshots"):
            if _SNAPSHOT_NAME.fullmatch(name) and name not in listed:
                data = self._store.read(f"snapshots/{name}")
                entries.append(_entry(name, _codec.from_bytes(data, name), data))
        return sorted(entries, key=lambda entry: entry["step"])

    @property
    def steps(self) -> list[int]:
        """The step of each snapshot."""
        return [int(entry["step"]) for entry in self.index]

    @property
    def epochs(self) -> list[float]:
        """The epoch of each snapshot."""
        return [_codec.read_epoch(entry["epoch"]) for entry in self.index]

    def __len__(self) -> int:
        return len(self.index)

    @overload
    def __getitem__(self, i: int) -> Snapshot: ...
    @overload
    def __getitem__(self, i: slice) -> list[Snapshot]: ...
    def __getitem__(self, i: int | slice) -> Snapshot | list[Snapshot]:
        if isinstance(i, slice):
            return [self._read(entry) for entry in self.index[i]]
        try:
            entry = self.index[i]
        except IndexError:
            raise IndexError(f"the run has {len(self)} snapshots, so none at {i}") from None
        return self._read(entry)

    def at(self, step: int) -> Snapshot:
        """Return the snapshot taken at a step.

        Raises
        ------
        RunError
            If there is none; the message names the nearest.
        """
        for entry in self.index:
            if entry["step"] == step:
                return self._read(entry)
        if not self.index:
            raise RunError(f"{self._store.url} has no snapshots")
        near = min(self.steps, key=lambda taken: abs(taken - step))
        raise RunError(f"{self._store.url} has no snapshot at step {step}; the nearest is {near}")

    def verify(self) -> list[str]:
        """Check every checksum; return one line for each snapshot that is damaged."""
        problems = []
        for entry in self.index:
            try:
                self._read(entry)
            except (RunError, FormatError) as error:
                problems.append(str(error))
        return problems

    def _read(self, entry: Mapping[str, Any]) -> Snapshot:
        name = f"snapshots/{entry['file']}"
        data = self._store.read(name)
        if hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise FormatError(
                f"{self._store.path(name)} does not match its checksum: it was changed or damaged"
            )
        snapshot = _codec.from_bytes(data, self._store.path(name))
        said = (entry["step"], entry["epoch"])
        if (snapshot.step, _codec.known_epoch(snapshot.epoch)) != said:
            raise FormatError(f"{self._store.path(name)} is of another step than its index says")
        return snapshot

    def _write(self, snapshot: Snapshot, weights: bool) -> None:
        data = _codec.to_bytes(snapshot, weights)
        name = f"step-{snapshot.step:08d}.safetensors"
        entry, known = _entry(name, snapshot, data), self.index
        self._store.write(f"snapshots/{name}", data)
        if self._in_step and (not known or known[-1]["step"] < snapshot.step):
            self._listed.extend([entry])
            known.append(entry)
        else:
            kept = [other for other in known if other["step"] != snapshot.step]
            self._save_index(sorted([*kept, entry], key=lambda entry: entry["step"]))

    def _drop(self, doomed: Any) -> None:
        gone = [entry for entry in self.index if doomed(entry["step"])]
        if gone:
            self._save_index([entry for entry in self.index if entry not in gone])
            for entry in gone:
                self._store.delete(f"snapshots/{entry['file']}")

    def _save_index(self, entries: list[dict[str, Any]]) -> None:
        self._listed.replace(entries)
        self._cached, self._in_step = entries, True


def load_run(path: str | os.PathLike[str]) -> Run:
    """Open a run folder (a path or any fsspec URL).

    Parameters
    ----------
    path
        The run's folder, or its fsspec URL.

    Returns
    -------
    Run
        Read when asked: nothing but its provenance is read at first.

    Raises
    ------
    RunError
        If there is no run, or it is damaged or of a newer format version.

    Examples
    --------
    >>> import netsci_dst as nd
    >>> nd.load_run("runs/nowhere")
    Traceback (most recent call last):
        ...
    netsci_dst.errors.RunError: runs/nowhere does not exist
    """
    return Run.open(path)


def _check_columns(schema: pa.Schema, origin: str) -> None:
    """Refuse columns that no reader of a table expects."""
    import pyarrow.types as types

    for column in schema:
        kind = column.type
        plain = types.is_null(kind) or types.is_boolean(kind) or types.is_string(kind)
        number = types.is_integer(kind) or types.is_floating(kind)
        if not (number or (plain and column.name not in ("step", "epoch"))):
            raise FormatError(f"{origin} is corrupt: column {column.name!r} holds {kind}")


def _entry(name: str, snapshot: Snapshot, data: bytes) -> dict[str, Any]:
    return {
        "file": name,
        "step": int(snapshot.step),
        "epoch": _codec.known_epoch(snapshot.epoch),
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
    }


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    match = _SNAPSHOT_NAME.fullmatch(str(entry.get("file")))
    return (
        match is not None
        and type(entry.get("step")) is int
        and int(match[1]) == entry["step"]
        and "epoch" in entry
        and (entry["epoch"] is None or _is_finite(entry["epoch"]))
        and isinstance(entry.get("sha256"), str)
    )


def _read_json(store: Store, name: str, kind: type) -> Any:
    with reading(store.path(name)):
        value = json.loads(store.read(name))
    if not isinstance(value, kind):
        raise FormatError(f"{store.path(name)} is corrupt: it holds no {kind.__name__}")
    return value


def _without_none(value: Any) -> Any:
    # TOML has no null: an option that is None is simply not written.
    if isinstance(value, Mapping):
        return {str(k): _without_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, (list, tuple)):
        return [_without_none(item) for item in value]
    return value


def _as_arrow(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    import pyarrow as pa

    keys = list(dict.fromkeys(key for row in rows for key in row))
    return pa.Table.from_pylist([{key: row.get(key) for key in keys} for row in rows])
