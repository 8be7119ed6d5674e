"""Splits of text read from files of several forms, as columns of strings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import DataError, FormatError, UnknownName
from ...parquet import batches
from ._text_rows import SUFFIXES, columns_of, is_header, text_columns_of
from .hub import fetch

SPLITS: Mapping[str, tuple[str, ...]] = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test",),
}
Columns = Mapping[str, Sequence[str]]


def read_columns(place: str, names: Sequence[str], config: str | None = None) -> dict[str, Columns]:
    """Return split -> column name -> strings, from a folder or from the Hugging Face hub.

    A folder holds, for each split, parquet files (a column per name, or one ``translation`` column
    of structs), comma-separated files or JSON lines, a tab-separated file (with a header, or with
    as many columns as names), or one text file per name, a sentence a line (``train.en`` and
    ``train.de``).

    Raises
    ------
    DataError
        If no split is found, or columns are missing or of unequal length.
    """
    folder = Path(place).expanduser()
    if folder.is_dir():
        found = {split: _from_folder(folder, split, names) for split in SPLITS}
        tables = {split: columns for split, columns in found.items() if columns is not None}
    elif looks_like_hub_id(place):
        tables = _from_hub(place, names, config)
    else:
        raise DataError(f"there is no folder {place!r}, and it is no hub id such as owner/name")
    if "train" not in tables:
        raise DataError(
            f"{place!r} has no train split: expected train.parquet, .csv, .jsonl, .tsv or "
            + " and ".join(f"train.{name}" for name in names)
        )
    for split, columns in tables.items():
        if len({len(column) for column in columns.values()}) != 1:
            counts = ", ".join(f"{len(column)} {name}" for name, column in columns.items())
            raise DataError(f"the {split} split of {place!r} does not pair up: {counts}")
    return tables


def looks_like_hub_id(place: str) -> bool:
    """Return whether a word has the form ``owner/name``."""
    parts = place.split("/")
    return len(parts) == 2 and all(p and not p.startswith((".", "~")) for p in parts)


def parquet_files(folder: Path, names: Sequence[str]) -> list[Path]:
    """Return the parquet files of a split, also inside ``data/`` or a folder named after it."""
    return _split_files(folder, names, ".parquet")


def row_files(folder: Path, names: Sequence[str]) -> list[Path]:
    """Return a split's comma-separated files or JSON lines, the first form that there is."""
    found = (_split_files(folder, names, suffix) for suffix in SUFFIXES)
    return next((files for files in found if files), [])


def _split_files(folder: Path, names: Sequence[str], suffix: str) -> list[Path]:
    hits: set[Path] = set()
    for name in names:
        for pattern in (f"{name}{suffix}", f"{name}-*{suffix}", f"{name}/*{suffix}"):
            hits |= set(folder.glob(pattern)) | set(folder.glob(f"data/{pattern}"))
    return sorted(hits)


def text_columns(folder: Path) -> list[str]:
    """Return the columns of text of a folder's train split: of tables, or files' endings.

    The fields of a ``translation`` column count; without a readable file there are none. Columns
    of a file without a header are called 1, 2, ...
    """
    if files := parquet_files(folder, SPLITS["train"]):
        return parquet_text_columns(files[0])
    if files := row_files(folder, SPLITS["train"]):
        return text_columns_of(files[0])
    for stem in SPLITS["train"]:
        if (table := folder / f"{stem}.tsv").is_file():
            with table.open(encoding="utf-8", errors="replace") as lines:
                first = lines.readline().rstrip("\r\n").split("\t")
            return first if is_header(first) else [str(i) for i in range(1, len(first) + 1)]
        endings = sorted(file.suffix[1:] for file in folder.glob(f"{stem}.*") if file.is_file())
        if len(endings) >= 2:
            return endings
    return []


def parquet_text_columns(file: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        schema = pyarrow.parquet.read_schema(file)
    except (OSError, pa.ArrowException):
        return []
    fields: list[Any] = []
    for field in schema:
        pairs = field.name == "translation" and pa.types.is_struct(field.type)
        fields += field.type if pairs else [field]
    return [
        f.name for f in fields if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)
    ]


def parquet_rows(files: Sequence[Path], columns: Sequence[str] | None = None) -> Iterator[Any]:
    """Yield record batches of parquet files."""
    import pyarrow

    for file in files:
        try:
            yield from batches(file, None if columns is None else list(columns))
        except (pyarrow.ArrowException, FormatError) as error:
            raise DataError(f"{file.name!r} cannot be read as parquet: {error}") from error


def hub_splits(place: str, config: str | None = None) -> Mapping[str, Any]:
    """Return the splits of a hub data set (or a local folder in its layout)."""
    return fetch(place, config, instead="give path, a folder with the data, instead")


def _from_folder(folder: Path, split: str, names: Sequence[str]) -> Columns | None:
    stems = SPLITS[split]
    if files := parquet_files(folder, stems):
        return _from_parquet(files, names)
    if files := row_files(folder, stems):
        return columns_of(files, names)
    for stem in stems:
        if (table := folder / f"{stem}.tsv").is_file():
            return _from_tsv(table, names)
        texts = {name: folder / f"{stem}.{name}" for name in names}
        if all(path.is_file() for path in texts.values()):
            return {name: _lines(path) for name, path in texts.items()}
    return None


def _from_parquet(files: Sequence[Path], names: Sequence[str]) -> Columns:
    columns: dict[str, list[str]] = {name: [] for name in names}
    for batch in parquet_rows(files):
        for name in names:
            if name in batch.schema.names:
                values = batch.column(name).to_pylist()
            elif "translation" in batch.schema.names:
                rows = batch.column("translation").to_pylist()
                values = [row.get(name) for row in rows]
            else:
                raise UnknownName(f"column of {files[0].name!r}", name, batch.schema.names)
            columns[name] += _strings(values, name, files[0].name)
    return columns


def _from_tsv(path: Path, names: Sequence[str]) -> Columns:
    rows = [line.split("\t") for line in _lines(path)]
    width = len(rows[0]) if rows else 0
    if set(names) <= set(rows[0] if rows else ()):
        places, rows = [rows[0].index(name) for name in names], rows[1:]
    elif width == len(names):
        places = list(range(width))
    else:
        raise DataError(
            f"{path.name!r} needs a header with {' and '.join(names)}, "
            f"or {len(names)} columns; it has {width}"
        )
    for number, row in enumerate(rows, start=1):
        if len(row) != width:
            raise DataError(f"row {number} of {path.name!r} has {len(row)} columns, not {width}")
    return {name: [row[place] for row in rows] for name, place in zip(names, places)}


def _from_hub(place: str, names: Sequence[str], config: str | None) -> dict[str, Columns]:
    loaded = hub_splits(place, config)
    tables: dict[str, Columns] = {}
    for split, stems in SPLITS.items():
        for stem in stems:
            if stem in loaded and split not in tables:
                rows = loaded[stem]
                inner = "translation" in rows.column_names
                pick = (lambda row, name: row["translation"][name]) if inner else dict.__getitem__
                if not inner and not set(names) <= set(rows.column_names):
                    raise UnknownName(f"column of {place!r}", names[0], rows.column_names)
                tables[split] = {
                    name: _strings([pick(row, name) for row in rows], name, place) for name in names
                }
    return tables


def _strings(values: list[Any], name: str, where: str) -> list[str]:
    if not all(isinstance(value, str) for value in values):
        raise DataError(f"column {name!r} of {where!r} must hold text in every row")
    return values


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name!r} is not UTF-8 text: {error}") from error
    # Only line feeds end a line: sentences may hold other Unicode separators.
    lines = text.split("\n")
    return [line.removesuffix("\r") for line in (lines[:-1] if lines[-1] == "" else lines)]
