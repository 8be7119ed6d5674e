"""Rows of comma-separated files and of JSON lines, also compressed by gzip."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any

from ...errors import DataError, UnknownName
from ...reading import is_number

_PLAIN = (".csv", ".jsonl", ".ndjson", ".json")
SUFFIXES: tuple[str, ...] = (*_PLAIN, *(f"{suffix}.gz" for suffix in _PLAIN))
_LOOKED_AT = 100
csv.field_size_limit(2**31 - 1)  # documents are longer than the 131,072 characters of the default


def rows_of(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file; fields of a ``translation`` object stand beside the others.

    A comma-separated file whose first row is no header has columns 1, 2, ...

    Raises
    ------
    DataError
        If it cannot be read, or a row is not like the others.
    """
    rows = _csv_rows if ".csv" in file.suffixes else _json_rows
    try:
        with _opened(file) as lines:
            yield from rows(lines, file.name)
    except (UnicodeDecodeError, EOFError, OSError, csv.Error) as error:
        raise DataError(f"{file.name!r} cannot be read: {error}") from error


def text_columns_of(file: Path) -> list[str]:
    """Return the columns that hold text, not numbers, by the first rows; none if unreadable."""
    try:
        rows = list(islice(rows_of(file), _LOOKED_AT))
    except DataError:
        return []
    names = dict.fromkeys(name for row in rows for name in row)
    return [name for name in names if _is_text([row[name] for row in rows if name in row])]


def columns_of(files: Sequence[Path], names: Sequence[str]) -> dict[str, list[str]]:
    """Return some columns of all rows of files; as many columns without a header are in order.

    Raises
    ------
    UnknownName, DataError
        If a row has no such column, or no text in it.
    """
    columns: dict[str, list[str]] = {name: [] for name in names}
    unnamed = [str(place) for place in range(1, len(names) + 1)]
    for file in files:
        for row in rows_of(file):
            if list(row) == unnamed:
                row = dict(zip(names, row.values()))
            for name in names:
                columns[name].append(text_of(row, name, file.name))
    return columns


def text_of(row: dict[str, Any], name: str, where: str) -> str:
    """Return the text in a column of a row."""
    if name not in row:
        raise UnknownName(f"column of {where!r}", name, row)
    if not isinstance(row[name], str):
        raise DataError(f"column {name!r} of {where!r} must hold text in every row")
    return row[name]


def is_header(row: Sequence[str]) -> bool:
    """Return whether a first row names columns: words that differ, no sentences, no numbers."""
    words = [cell.strip() for cell in row]
    named = all(w and len(w) <= 40 and len(w.split()) == 1 and not is_number(w) for w in words)
    return named and len(set(words)) == len(words)


def _opened(file: Path) -> IO[str]:
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8-sig", newline="")
    return file.open(encoding="utf-8-sig", newline="")


def _csv_rows(lines: IO[str], name: str) -> Iterator[dict[str, Any]]:
    rows = iter(csv.reader(lines))
    first = next(rows, None)
    if first is None:
        return
    header = [cell.strip() for cell in first]
    if not is_header(first):
        header = [str(place) for place in range(1, len(first) + 1)]
        yield dict(zip(header, first))
    for number, row in enumerate(rows, start=2):
        if row and len(row) != len(header):
            raise DataError(f"row {number} of {name!r} has {len(row)} columns, not {len(header)}")
        if row:
            yield dict(zip(header, row))


def _json_rows(lines: IO[str], name: str) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(_objects(lines, name), start=1):
        if not isinstance(row, dict):
            raise DataError(f"row {number} of {name!r} is no object with named fields")
        pair = row.get("translation")
        yield row | pair if isinstance(pair, dict) else row


def _objects(lines: IO[str], name: str) -> Iterator[Any]:
    try:
        for number, line in enumerate(lines, start=1):
            if number == 1 and line.lstrip().startswith("["):
                yield from json.loads(line + lines.read())
                return
            if line.strip():
                yield json.loads(line)
    except ValueError as error:
        raise DataError(f"{name!r} is not JSON lines: {error}") from error


def _is_text(values: Sequence[Any]) -> bool:
    texts = all(isinstance(value, str) for value in values)
    return bool(values) and texts and not all(is_number(v) for v in values if v.strip())
