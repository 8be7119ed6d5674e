"""The binary version of CIFAR-10 and CIFAR-100, for readers that want no pickle."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import DataError, UnknownName
from ...registry import register
from ._dataset import Dataset, image_dataset

_PIXELS = 3 * 32 * 32
_BELOW = ("", "cifar-10-batches-bin", "cifar-100-binary")
_LABELS = ("fine_label", "coarse_label")


def _recognises(path: Path) -> bool:
    return path.is_dir() and _folder(path) is not None


@register(
    "data", "cifar-binary", recognises=_recognises, form="CIFAR's binary version", priority=30
)
def cifar_binary(
    path: str | Path, *, label: str = "fine_label", name: str | None = None
) -> Dataset:
    """A folder of CIFAR's binary version (data_batch_1.bin, ... or train.bin, test.bin).

    Parameters
    ----------
    path
        The folder.
    label
        Of CIFAR-100: ``fine_label`` or ``coarse_label``.
    name
        What to call the data set; the folder's name by default.

    Raises
    ------
    DataError, UnknownName
        When a file is missing or has an impossible size, or the label is unknown.
    """
    folder = _folder(Path(path))
    if folder is None:
        raise DataError(f"{path} holds no data_batch_1.bin and no train.bin")
    ten = (folder / "data_batch_1.bin").exists()
    if label not in _LABELS:
        raise UnknownName("label of CIFAR", label, _LABELS)
    if ten:
        train = [folder / f"data_batch_{i}.bin" for i in range(1, 6)]
        parts = [_read(train, 1, 0), _read([folder / "test_batch.bin"], 1, 0)]
        names = _names(folder / "batches.meta.txt")
    else:
        column = 1 if label == "fine_label" else 0
        parts = [_read([folder / f"{part}.bin"], 2, column) for part in ("train", "test")]
        names = _names(folder / f"{label}_names.txt")
    return image_dataset(name or Path(path).name, *parts, classes=names)


def _folder(path: Path) -> Path | None:
    for below in _BELOW:
        folder = path / below
        if (folder / "data_batch_1.bin").is_file() or (folder / "train.bin").is_file():
            return folder
    return None


def _read(files: list[Path], n_labels: int, column: int) -> tuple[np.ndarray, np.ndarray]:
    records = []
    for file in files:
        try:
            data = np.fromfile(file, np.uint8)
        except OSError as error:
            raise DataError(f"{file} cannot be read: {error.strerror or error}") from error
        if len(data) == 0 or len(data) % (n_labels + _PIXELS):
            raise DataError(
                f"{file} has {len(data)} bytes; expected whole records of {n_labels + _PIXELS}"
            )
        records.append(data.reshape(-1, n_labels + _PIXELS))
    table = np.concatenate(records)
    pixels = np.ascontiguousarray(table[:, n_labels:]).reshape(-1, 3, 32, 32)
    return pixels, table[:, column].astype(np.int64)


def _names(file: Path) -> tuple[str, ...]:
    if not file.is_file():
        return ()
    return tuple(line.strip() for line in file.read_text().splitlines() if line.strip())
