"""Image data sets of the Hugging Face hub, by id."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError, MissingDependency
from ...registry import register
from ._dataset import Dataset, image_dataset
from .decoding import decode_all

_TEST_SPLITS = ("test", "validation", "valid", "val")
_LABELS = ("label", "fine_label", "labels", "class")


@register("data", "hub", source="huggingface.co/datasets")
def hub(
    id: str,
    *,
    config: str | None = None,
    revision: str | None = None,
    label: str | None = None,
    size: int | None = None,
    name: str | None = None,
) -> Dataset:
    """An image data set of the Hugging Face hub, by its id (owner/name); fetched once, then kept.

    Parameters
    ----------
    id
        Such as ``ylecun/mnist``.
    config, revision
        Which configuration and version, when the data set has several.
    label
        The column of labels, when there are several.
    size
        Scale the shorter side to this many pixels and cut the middle square.
    name
        What to call the data set; its id by default.

    Raises
    ------
    MissingDependency, DataError
        When `datasets` is not installed, or the set cannot be reached or has no images.
    """
    return from_splits(fetch(id, config, revision), name or id, label, size)


def fetch(
    id: str,
    config: str | None = None,
    revision: str | None = None,
    instead: str = "give a folder with the data instead",
) -> Any:
    """Return the splits of a data set of the hub; ``instead`` is the advice where it fails."""
    datasets = _library()
    try:
        with quiet_hub():
            return datasets.load_dataset(id, config, revision=revision)
    except Exception as error:  # connection, name and layout errors have no common base
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(
            f"cannot get {id!r} from the Hugging Face hub: {reason}; {instead}"
        ) from error


def large_parquet(
    files: dict[str, list[Path]], name: str, label: str | None, size: int | None
) -> Dataset:
    """Load parquet files too large for memory, through the memory-mapped tables of `datasets`."""
    paths = {part: [str(file) for file in found] for part, found in files.items()}
    try:
        found = _library().load_dataset("parquet", data_files=paths)
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(f"{name}: the parquet files cannot be read: {reason}") from error
    return from_splits(found, name, label, size)


def from_splits(found: Any, name: str, label: str | None, size: int | None) -> Dataset:
    """Turn a dictionary of splits of `datasets` into a data set.

    Raises
    ------
    DataError
        When a split or column is missing, or an image cannot be decoded.
    """
    test = next((split for split in _TEST_SPLITS if split in found), None)
    if "train" not in found or test is None:
        raise DataError(f"{name} needs a train and a test split (it has {', '.join(found)})")
    parts = [_read_split(found[split], name, label, size) for split in ("train", test)]
    return image_dataset(name, parts[0][:2], parts[1][:2], classes=parts[0][2])


@contextlib.contextmanager
def quiet_hub() -> Iterator[None]:
    """Keep the hub's client from a warning per retry; what fails in the end is raised."""
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _library() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise MissingDependency("datasets", "hf", "fetching data from the hub") from error
    return datasets


def _read_split(split: Any, name: str, label: str | None, size: int | None) -> tuple:
    datasets = _library()
    features = split.features
    pictures = [column for column, kind in features.items() if isinstance(kind, datasets.Image)]
    labels = [column for column in ((label,) if label else _LABELS) if column in features]
    if not pictures or not labels:
        raise DataError(f"{name} has no column of images and labels ({', '.join(features)})")
    encoded = _Column(split.cast_column(pictures[0], datasets.Image(decode=False)), pictures[0])
    key = f"{split._fingerprint} {size}"
    pixels = decode_all(encoded, size=size, where=f"{name} ({split.split})", key=key)
    names = getattr(features[labels[0]], "names", None) or ()
    return pixels, np.asarray(split[labels[0]], np.int64), tuple(names)


class _Column(Sequence):
    """The encoded images of a memory-mapped table, read one by one."""

    def __init__(self, table: Any, column: str):
        self._table, self._column = table, column

    def __len__(self) -> int:
        return len(self._table)

    def __getitem__(self, index: Any) -> Any:
        found = self._table[int(index)][self._column]
        return found["bytes"] if found["bytes"] is not None else Path(found["path"])
