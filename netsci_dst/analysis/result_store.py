"""Results of measures in a run's ``analysis`` folder: written as they arrive, never lost."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..checksums import arrays_checksum
from ..errors import FormatError, NetsciError, RunError
from ..reading import reading
from ..run import GROWING
from ..table_forms import Parquet
from .kept_files import KeptFiles
from .measure import Array, Measure, Value

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from ..run import Run
    from ..store import Store

FOLDER = "analysis"
DONE, NOT_APPLICABLE, FAILED, SKIPPED = "done", "not applicable", "failed", "skipped"
FINAL = (DONE, NOT_APPLICABLE)
WHOLE_RUN = -1  # the step under which a measure of a whole run is noted

_counter = itertools.count()
_PART = re.compile(r"(values|notes)-(\d{1,30})-\d+-\d+\.parquet")
_VALUE_COLUMNS = ("key", "step", "scope", "quantity", "value", "text")
_PLACE = ("key", "step", "scope", "quantity")
_NOTE_COLUMNS = (
    "key",
    "measure",
    "options",
    "version",
    "step",
    "epoch",
    "source",
    "status",
    "reason",
    "seconds",
    "when",
)


def options_key(name: str, version: int, options: Mapping[str, Any]) -> str:
    """Return what identifies a measure with its version and options, as short hexadecimal."""
    text = json.dumps([name, version, options], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def task_key(source: str, measure: Measure, options: Mapping[str, Any]) -> str:
    """Return what identifies one result: the input's checksum, measure, version and options."""
    inner = options_key(measure.name, measure.version, options)
    return hashlib.sha256(f"{source}/{inner}".encode()).hexdigest()[:24]


def run_source(run: Run) -> str:
    """Return a checksum of all that a measure of a whole run can read."""
    digest = hashlib.sha256()
    for entry in run.snapshots.index:
        digest.update(str(entry["sha256"]).encode())
    for file in GROWING:
        data = run.store.read_if_there(file) if file.endswith(".parquet") else None
        if data is not None:
            digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()


@dataclass
class Outcome:
    """What one measure gave on one snapshot or run."""

    measure: Measure
    options: dict[str, Any]
    step: int
    epoch: float
    source: str
    status: str = DONE
    reason: str | None = None
    seconds: float = 0.0
    values: list[Value] = field(default_factory=list)
    arrays: list[Array] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The key under which it is stored."""
        return task_key(self.source, self.measure, self.options)

    def note(self) -> dict[str, Any]:
        """Return the row that says how it went."""
        return {
            "key": self.key,
            "measure": self.measure.name,
            "options": json.dumps(self.options, sort_keys=True),
            "version": self.measure.version,
            "step": self.step,
            "epoch": self.epoch,
            "source": self.source,
            "status": self.status,
            "reason": self.reason,
            "seconds": self.seconds,
            "when": time.time(),
        }

    def rows(self) -> Iterable[dict[str, Any]]:
        """Yield a row per value."""
        for value in self.values:
            step = self.step if value.step is None else value.step
            yield {
                "key": self.key,
                "step": int(step),
                "scope": str(value.scope),
                "quantity": str(value.quantity),
                "value": float(value.value),
                "text": value.text,
            }


class ResultStore:
    """The tables and arrays of a run's ``analysis`` folder.

    A table is the union of its part files. A part is written whole or not at all, and the values
    of a result before its note, so that a killed analysis keeps what it finished.
    """

    def __init__(self, store: Store):
        self.store: KeptFiles = KeptFiles(store)
        self.notes: dict[str, dict[str, Any]] = {}
        self._pending: list[Outcome] = []
        self._written = time.monotonic()

    def load(self) -> ResultStore:
        """Read the notes of what has been computed."""
        for order, note in enumerate(self._read("notes", _NOTE_COLUMNS).to_pylist()):
            known = self.notes.get(note["key"])
            # A result that is there stays, whatever came later, or earlier by a wrong clock.
            if known is None or _outranks(note, known):
                self.notes[note["key"]] = {**note, "order": order}
        return self

    def frame(self) -> pd.DataFrame:
        """Return all finished values: key, step, scope, quantity, value, text."""
        import pandas as pd

        stored = self._read("values", _VALUE_COLUMNS).to_pandas()
        rows = [row for outcome in self._pending for row in outcome.rows()]
        if rows:
            stored = pd.concat([stored, pd.DataFrame(rows, columns=list(_VALUE_COLUMNS))])
        done = {key for key, note in self.notes.items() if note["status"] == DONE}
        # Two processes may have stored the same result: its rows count once.
        unique = stored[stored["key"].isin(done)].drop_duplicates(list(_PLACE), keep="last")
        return unique.reset_index(drop=True)

    def put(self, outcome: Outcome, every_s: float = 5.0) -> None:
        """Keep a result, and write out what is pending from time to time."""
        if outcome.arrays:
            try:
                self.store.write(_array_name(outcome.note()), _encode(outcome))
            except NetsciError as error:
                if isinstance(error, RunError):
                    raise
                outcome.status, outcome.reason, outcome.values = FAILED, str(error), []
            outcome.arrays = []
        self._pending.append(outcome)
        self.notes[outcome.key] = {**outcome.note(), "order": len(self.notes)}
        if time.monotonic() - self._written > every_s:
            self.flush()

    def clean(self) -> None:
        """Remove what killed analyses left behind."""
        self.store.clean()

    def flush(self) -> None:
        """Write out what is pending, and merge the parts when they have become many."""
        if self._pending:
            rows = [row for outcome in self._pending for row in outcome.rows()]
            if rows:
                self._write_part("values", _table(rows, _VALUE_COLUMNS))
            self._write_part("notes", _table([o.note() for o in self._pending], _NOTE_COLUMNS))
            self._pending = []
        self._written = time.monotonic()

    def compact(self) -> None:
        """Merge the parts of each table into one file."""
        import pyarrow as pa

        self.flush()
        for table, columns in (("values", _VALUE_COLUMNS), ("notes", _NOTE_COLUMNS)):
            parts = self._parts(table)
            if len(parts) < 2:
                continue
            rows = self._read(table, columns, parts).to_pandas()
            place = ["key"] if table == "notes" else list(_PLACE)
            if table == "notes":
                final = rows["status"].isin(FINAL).to_numpy()
                rows = rows.iloc[np.argsort(final, kind="stable")]
            rows = rows.drop_duplicates(place, keep="last")
            merged = pa.Table.from_pandas(rows, schema=_schema(columns), preserve_index=False)
            self._write_part(table, merged)
            for part in parts:
                self.store.delete(f"{FOLDER}/{part}")

    def arrays(self, note: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """Return all arrays of a result by name; an empty dict when it has none."""
        name = _array_name(note)
        if not self.store.exists(name):
            return {}
        arrays, source = decode_arrays(self.store.read(name), self.store.path(name))
        return arrays if source == note["source"] else {}

    def array_file(self, note: Mapping[str, Any]) -> str:
        """Return the name of the file that holds a result's arrays, if it has any."""
        return _array_name(note)

    def _parts(self, table: str) -> list[str]:
        """Return the names of a table's parts in the order in which they were written."""
        found = [_PART.fullmatch(name) for name in self.store.list(FOLDER)]
        parts = [match for match in found if match and match[1] == table]
        return [m[0] for m in sorted(parts, key=lambda m: (int(m[2]), m[0]))]

    def _read(self, table: str, columns: Sequence[str], parts: list[str] | None = None) -> pa.Table:
        import pyarrow as pa

        form = Parquet(required=True)
        tables = [_schema(columns).empty_table()]
        for part in self._parts(table) if parts is None else parts:
            name = f"{FOLDER}/{part}"
            try:
                with reading(self.store.path(name)):
                    rows = form.decode(self.store.read(name))[0]
                    tables.append(rows.select(list(columns)).cast(_schema(columns)))
            except RunError:
                if self.store.exists(name):
                    raise
                return self._read(table, columns)  # another process has just merged the parts
            except FormatError as error:
                raise FormatError(
                    f"{error}; delete it and its results are computed anew"
                ) from error
        return pa.concat_tables(tables)

    def _write_part(self, table: str, rows: pa.Table) -> None:
        # Numbered, not dated: a clock may jump back.
        names = map(_PART.fullmatch, self.store.list(FOLDER))
        number = 1 + max((int(found[2]) for found in names if found), default=0)
        unique = f"{number:08d}-{os.getpid()}-{next(_counter)}"
        self.store.write(f"{FOLDER}/{table}-{unique}.parquet", Parquet().encode(rows, None))


class MemoryResults(ResultStore):
    """The same for something that is no run: nothing is stored."""

    def __init__(self) -> None:
        self.notes: dict[str, dict[str, Any]] = {}
        self._pending = []

    def put(self, outcome: Outcome, every_s: float = 5.0) -> None:
        """Keep a result."""
        self._pending.append(outcome)
        self.notes[outcome.key] = outcome.note()

    def flush(self) -> None:
        """Do nothing."""

    def compact(self) -> None:
        """Do nothing."""

    def clean(self) -> None:
        """Do nothing."""

    def _parts(self, table: str) -> list[str]:
        return []


def _table(rows: list[dict[str, Any]], columns: Sequence[str]) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_pylist(rows, schema=_schema(columns))


def _schema(columns: Sequence[str]) -> pa.Schema:
    import pyarrow as pa

    kinds = {"value": pa.float64(), "epoch": pa.float64(), "seconds": pa.float64()}
    kinds |= {"when": pa.float64(), "step": pa.int64(), "version": pa.int64()}
    return pa.schema([(name, kinds.get(name, pa.string())) for name in columns])


def _array_name(note: Mapping[str, Any]) -> str:
    key = options_key(note["measure"], int(note["version"]), json.loads(note["options"]))
    step = int(note["step"])
    file = "run" if step == WHOLE_RUN else f"step-{step:08d}"
    return f"{FOLDER}/{note['measure']}-{key}/{file}.safetensors"


def _encode(outcome: Outcome) -> bytes:
    from safetensors.numpy import save

    tensors: dict[str, NDArray[Any]] = {}
    for array in outcome.arrays:
        values = np.ascontiguousarray(array.values)
        if values.dtype.kind not in "biuf":
            raise NetsciError(
                f"measure {outcome.measure.name!r} yields an array {array.name!r} of "
                f"{values.dtype}: an array must hold numbers or booleans"
            )
        tensors[array.name] = values
    metadata = {"source": outcome.source, "crc32": _arrays_crc(outcome.source, tensors)}
    return save(tensors, metadata=metadata)


def decode_arrays(data: bytes, origin: str) -> tuple[dict[str, NDArray[Any]], str]:
    """Return the arrays in a file and the checksum of what they were computed from.

    Raises
    ------
    FormatError
        If the file is damaged.
    """
    from safetensors.numpy import load

    with reading(origin):
        arrays = load(data)
        length = int.from_bytes(data[:8], "little")
        metadata = json.loads(data[8 : 8 + length])["__metadata__"]
        source = metadata["source"]
        if metadata["crc32"] != _arrays_crc(source, arrays):
            raise FormatError(
                f"{origin} does not match its checksum: it was changed or damaged; delete it and "
                "it is computed anew"
            )
    return arrays, source


def _arrays_crc(source: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    parts = sorted(arrays.items())
    return arrays_checksum(source, ((n, a.dtype.str, a.shape, a.tobytes()) for n, a in parts))


def _outranks(note: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    return note["status"] in FINAL or known["status"] not in FINAL
