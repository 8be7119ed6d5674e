"""Folders of parquet files in the Hugging Face layout: encoded images and labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError, FormatError
from ...parquet import read_file
from ...registry import register
from ._dataset import Dataset, image_dataset
from ._fingerprint import file_fingerprint
from .decoding import MEMORY_LIMIT, decode_all

_PARTS = {"train": ("train",), "test": ("test", "validation", "valid", "val")}
_JPEG = b"\xff\xd8"
_LABELS = ("label", "fine_label", "labels", "class")


def _recognises(path: Path) -> bool:
    try:
        files = part_files(path, "train")
        return bool(files) and _image_column(_schema(files[0])) is not None
    except DataError:
        return False


@register("data", "parquet", recognises=_recognises, form="parquet files of images", priority=10)
def parquet(
    path: str | Path,
    *,
    label: str | None = None,
    size: int | None = None,
    name: str | None = None,
    notes: str = "",
) -> Dataset:
    """A folder of parquet files in the Hugging Face layout (train-*.parquet, test-*.parquet).

    Parameters
    ----------
    path
        The folder; the files may lie in its ``data`` folder.
    label
        The column of labels, when there are several (CIFAR-100: ``fine_label``).
    size
        Scale the shorter side to this many pixels and cut the middle square; needed where images
        differ in size.
    name
        What to call the data set; the folder's name by default.

    Raises
    ------
    DataError
        When a part or column is missing, or an image cannot be decoded.
    """
    folder = Path(path)
    files = {part: part_files(folder, part) for part in ("train", "test")}
    for part, found in files.items():
        if not found:
            raise DataError(f"{folder} has no {part} part: expected {part}-*.parquet")
    if sum(file.stat().st_size for found in files.values() for file in found) > MEMORY_LIMIT:
        from .hub import large_parquet

        return large_parquet(files, name or folder.name, label, size)
    parts, classes = {}, ()
    for part, found in files.items():
        images, labels, names = _read_part(found, label)
        classes = classes or names
        if images[:1] and images[0].startswith(_JPEG):
            notes = notes or "the images are JPEG, a lossy encoding"
        key = f"{file_fingerprint(found)} {size}"
        parts[part] = decode_all(images, size=size, where=f"{folder} ({part})", key=key), labels
    return image_dataset(
        name or folder.name, parts["train"], parts["test"], classes=classes, notes=notes
    )


def part_files(folder: Path, part: str) -> list[Path]:
    """Return the parquet files of a part, in order; empty when there are none."""
    if folder.is_file():
        return []
    for below in ("", "data"):
        for word in _PARTS[part]:
            found = sorted((folder / below).glob(f"{word}-*.parquet"))
            found = found or sorted((folder / below).glob(f"{word}.parquet"))
            if found:
                return found
    return []


def _schema(file: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(file)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{file} cannot be read as parquet: {_first_line(error)}") from error


def _image_column(schema: Any) -> str | None:
    import pyarrow as pa

    for field in schema:
        kind = field.type
        if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
            return field.name
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            return field.name
    return None


def _label_column(schema: Any, label: str | None, file: Path) -> str:
    for name in (label,) if label else _LABELS:
        if name in schema.names:
            return name
    wanted = f"column {label!r}" if label else "column of labels; say which with label="
    raise DataError(f"{file} has no {wanted} (columns: {', '.join(schema.names)})")


def _class_names(schema: Any, column: str) -> tuple[str, ...]:
    try:
        info = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return tuple(str(name) for name in info[column]["names"])
    except (KeyError, TypeError, ValueError):
        return ()


def _read_part(files: list[Path], label: str | None) -> tuple[list[bytes], np.ndarray, tuple]:
    import pyarrow as pa

    schema = _schema(files[0])
    image_column = _image_column(schema)
    if image_column is None:
        raise DataError(f"{files[0]} has no column of encoded images ({', '.join(schema.names)})")
    label_column = _label_column(schema, label, files[0])
    images: list[bytes] = []
    labels = []
    for file in files:
        try:
            table = read_file(file, [image_column, label_column])
        except (OSError, FormatError, pa.ArrowException) as error:
            raise DataError(f"{file} cannot be read as parquet: {_first_line(error)}") from error
        for chunk in table[image_column].chunks:
            data = chunk.field("bytes") if pa.types.is_struct(chunk.type) else chunk
            images.extend(data.to_pylist())
        column = table[label_column]
        if column.null_count or not pa.types.is_integer(column.type):
            raise DataError(f"{file}: column {label_column!r} must hold whole numbers, no nulls")
        labels.append(column.to_numpy().astype(np.int64))
    missing = next((i for i, image in enumerate(images) if image is None), None)
    if missing is not None:
        raise DataError(f"{files[0].parent}: image {missing} is empty; its bytes are not embedded")
    return images, np.concatenate(labels), _class_names(schema, label_column)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
