"""Documents of text from files, folders, tables or the hub, read as often as asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from ...errors import DataError, UnknownName
from ._text_rows import SUFFIXES, rows_of, text_columns_of, text_of
from ._text_tables import (
    SPLITS,
    hub_splits,
    looks_like_hub_id,
    parquet_files,
    parquet_rows,
    parquet_text_columns,
    row_files,
)

# Documents can be read more than once (to train the tokenizer, then to encode) without being held.
Documents = Callable[[], Iterator[str]]


def documents_of(place: str, column: str, config: str | None) -> dict[str, Documents]:
    """Return the documents of each split that a file, a folder or a hub data set has."""
    path = Path(place).expanduser()
    if path.is_file():
        if path.suffix == ".parquet":
            return {"train": _parquet([path], column)}
        if path.name.endswith(SUFFIXES):
            return {"train": _rows([path], column)}
        return {"train": _texts([path])}
    if path.is_dir():
        return _folder(path, column)
    if looks_like_hub_id(place):
        loaded = hub_splits(place, config)
        found = {
            split: _hub(loaded[stem], column, place)
            for split, stems in SPLITS.items()
            for stem in stems
            if stem in loaded
        }
        if "train" in found:
            return found
        raise DataError(f"the hub data set {place!r} has no train split")
    raise DataError(f"there is no text file or folder {place!r}, and it is no hub id")


def _folder(path: Path, column: str) -> dict[str, Documents]:
    found: dict[str, Documents] = {}
    for split, stems in SPLITS.items():
        if files := parquet_files(path, stems):
            found[split] = _parquet(files, column)
        elif files := row_files(path, stems):
            found[split] = _rows(files, column)
        elif texts := [file for stem in stems if (file := path / f"{stem}.txt").is_file()]:
            found[split] = _texts(texts)
    if "train" in found:
        return found
    if texts := sorted(path.rglob("*.txt")):
        return {"train": _texts(texts)}
    if files := sorted(path.rglob("*.parquet")):
        return {"train": _parquet(files, column)}
    if files := sorted(file for file in path.rglob("*") if file.name.endswith(SUFFIXES)):
        return {"train": _rows(files, column)}
    raise DataError(f"the folder {path.name!r} holds no .txt, .parquet, .csv or .jsonl file")


def _texts(files: list[Path]) -> Documents:
    def read() -> Iterator[str]:
        for file in files:
            try:
                yield file.read_text(encoding="utf-8")
            except UnicodeDecodeError as error:
                raise DataError(f"{file.name!r} is not UTF-8 text: {error}") from error

    return read


def _parquet(files: list[Path], column: str) -> Documents:
    def read() -> Iterator[str]:
        import pyarrow.parquet

        names = pyarrow.parquet.read_schema(files[0]).names
        name = column if column in names else _only(column, parquet_text_columns(files[0]))
        if name not in names:
            raise UnknownName(f"column of {files[0].name!r}", column, names)
        for batch in parquet_rows(files, [name]):
            yield from _checked(batch.column(0).to_pylist(), name)

    return read


def _rows(files: list[Path], column: str) -> Documents:
    def read() -> Iterator[str]:
        known = text_columns_of(files[0])
        name = column if column in known else _only(column, known)
        for file in files:
            for row in rows_of(file):
                yield text_of(row, name, file.name)

    return read


def _only(column: str, known: list[str]) -> str:
    """Return the one column of text where none was asked for and none is called ``text``."""
    return known[0] if column == "text" and len(known) == 1 else column


def _hub(rows: object, column: str, place: str) -> Documents:
    names = rows.column_names  # type: ignore[attr-defined]
    if column not in names:
        raise UnknownName(f"column of {place!r}", column, names)

    def read() -> Iterator[str]:
        for row in rows:  # type: ignore[attr-defined]
            yield from _checked([row[column]], column)

    return read


def _checked(values: list[object], column: str) -> Iterator[str]:
    for value in values:
        if not isinstance(value, str):
            raise DataError(f"column {column!r} must hold text in every row")
        yield value


def limited(read: Documents, limit: int) -> Documents:
    """Return at most so many documents."""
    return lambda: islice(read(), limit)


def held_out(read: Documents, share: float) -> dict[str, Documents]:
    """Hold out a share at the end: of the documents, or of the characters of a single one."""
    n = sum(1 for _ in read())
    if share == 0 or not n:
        raise DataError("a text needs a share for validation, or a split of its own")
    if n == 1:
        only = next(read())
        cut = round(len(only) * (1 - share))
        return {"train": lambda: iter([only[:cut]]), "validation": lambda: iter([only[cut:]])}
    kept = min(n - 1, max(1, round(n * (1 - share))))
    return {
        "train": lambda: islice(read(), kept),
        "validation": lambda: islice(read(), kept, None),
    }
