"""Folders of IDX files, the form MNIST, Fashion-MNIST and EMNIST are published in."""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...limits import allowed_bytes, check_size
from ...registry import register
from ._dataset import Dataset, image_dataset

_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_NAMES = {
    ("train", "images"): ("train-images*idx3-ubyte", "*-train-images*idx3-ubyte"),
    ("train", "labels"): ("train-labels*idx1-ubyte", "*-train-labels*idx1-ubyte"),
    ("test", "images"): (
        "t10k-images*idx3-ubyte",
        "test-images*idx3-ubyte",
        "*-test-images*idx3-*",
    ),
    ("test", "labels"): (
        "t10k-labels*idx1-ubyte",
        "test-labels*idx1-ubyte",
        "*-test-labels*idx1-*",
    ),
}
# Where other tools put the files below the folder a user names.
_BELOW = ("", "raw", "idx", "gzip", "MNIST/raw", "FashionMNIST/raw", "EMNIST/raw")


def _recognises(path: Path) -> bool:
    return path.is_dir() and find_file(path, "train", "images", "*") is not None


@register("data", "idx", recognises=_recognises, form="IDX files", priority=20)
def idx(
    path: str | Path,
    *,
    split: str | None = None,
    transposed: bool = False,
    first_label: int = 0,
    name: str | None = None,
) -> Dataset:
    """A folder of IDX files (train-images-idx3-ubyte, ...), plain or gzip.

    Parameters
    ----------
    path
        The folder.
    split
        Which of several sets in the folder, such as ``balanced`` of EMNIST's.
    transposed
        Whether the images are stored column by column, as EMNIST's are.
    first_label
        The smallest label in the files; classes are counted from it.
    name
        What to call the data set; the folder's name by default.

    Raises
    ------
    DataError
        When a file is missing, damaged, or does not fit the others.
    """
    folder = Path(path)
    parts = {}
    for part in ("train", "test"):
        images = read_idx(_the_file(folder, part, "images", split))
        labels = read_idx(_the_file(folder, part, "labels", split))
        if images.ndim != 3 or labels.ndim != 1:
            raise DataError(f"{folder}: {part} images and labels must have 3 and 1 dimensions")
        if transposed:
            images = np.ascontiguousarray(images.transpose(0, 2, 1))
        parts[part] = images[:, None], labels.astype(np.int64) - first_label
    return image_dataset(name or folder.name, parts["train"], parts["test"])


def find_file(folder: Path, part: str, what: str, split: str | None = None) -> Path | None:
    """Return a folder's IDX file of the images or labels of a part, if it is there."""
    for below in _BELOW:
        for pattern in _NAMES[part, what]:
            if pattern.startswith("*"):
                if split is None:
                    continue
                pattern = f"*{split}{pattern[1:]}" if split != "*" else pattern
            elif split not in (None, "*"):
                continue
            for ending in ("", ".gz"):
                found = sorted((folder / below).glob(pattern + ending))
                if found:
                    return found[0]
    return None


def _the_file(folder: Path, part: str, what: str, split: str | None) -> Path:
    found = find_file(folder, part, what, split)
    if found is None:
        several = split is None and find_file(folder, part, what, "*")
        hint = "; say which set with split=" if several else ""
        start = f"{split}-" if split else ""
        raise DataError(f"{folder} has no {start}{part} {what} in IDX form{hint}")
    return found


def _inflated(data: bytes, path: Path) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        most = allowed_bytes(len(data))
        found = file.read(most + 1)
    check_size(len(found), len(data), path)
    return found


def read_idx(path: Path) -> np.ndarray:
    """Return the array of an IDX file, plain or gzip.

    Raises
    ------
    DataError
        When it cannot be read, is no IDX file, or is cut off.
    """
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = _inflated(data, path)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _TYPES:
        raise DataError(f"{path} is not an IDX file: it does not start with an IDX header")
    start = 4 + 4 * data[3]
    shape = struct.unpack(f">{data[3]}I", data[4:start]) if len(data) >= start else ()
    dtype = np.dtype(_TYPES[data[2]])
    wanted = start + math.prod(shape) * dtype.itemsize
    if len(data) != wanted:
        raise DataError(f"{path} has {len(data)} bytes but its header asks for {wanted}")
    array = np.frombuffer(data, dtype, offset=start).reshape(shape)
    return array.astype(np.float32) if dtype.kind == "f" else array.astype(dtype.newbyteorder("="))
