"""Samples in files: arrays, images, tables, folders of images, the standard input."""

from __future__ import annotations

import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError, NetsciError
from ...exchange.npz import check_numpy
from ...reading import one_line
from . import labels, sample_tables
from .samples import Samples, decoded

_IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
_PARTS = {"train": ("train",), "test": ("test", "val", "valid", "validation")}
_SAMPLES = ("x", "images", "data", "samples", "features")


def read(data: Any, trained: Any, part: str) -> Samples | None:
    """Return the samples of a file, a folder, or several image files; None if it is a data set."""
    if isinstance(data, (list, tuple)):
        return _images([Path(file) for file in data], trained)
    if str(data) == "-":
        return _piped(trained, part)
    path = Path(data).expanduser()
    ending = path.suffix.lower()
    if ending in (".npy", ".npz") and path.is_file():
        return _arrays(path, part)
    if ending in _IMAGES and path.is_file():
        return _images([path], trained)
    if ending in sample_tables.ENDINGS and path.is_file():
        return sample_tables.read(path, trained)
    return _folder(path, trained, part) if path.is_dir() else None


def _piped(trained: Any, part: str) -> Samples | None:
    """Return the samples of the standard input, whose first bytes tell its form."""
    content = sys.stdin.buffer.read()
    if not content:
        raise DataError("the standard input is empty")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"input{_ending(content)}"
        file.write_bytes(content)
        try:
            return read(file, trained, part)
        except NetsciError as error:
            raise DataError(str(error).replace(str(file), "the standard input")) from None


def _ending(content: bytes) -> str:
    marks = {b"\x93NUMPY": ".npy", b"PK": ".npz", b"PAR1": ".parquet"}
    found = [ending for mark, ending in marks.items() if content.startswith(mark)]
    try:
        return found[0] if found else (content.decode() and ".csv")
    except UnicodeDecodeError:
        return ".png"  # any image: decoding goes by the content


def _arrays(file: Path, part: str) -> Samples:
    try:
        check_numpy(file)
        found = np.load(file, allow_pickle=False)
        if isinstance(found, np.ndarray):
            return Samples(found)
        with found:
            return _of_archive(found, file, part)
    except NetsciError as error:
        raise DataError(str(error)) from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{file} is no readable NumPy file: {one_line(error)}") from None


def _of_archive(found: Any, where: Path, part: str) -> Samples:
    names = list(found.files)
    if {f"x_{part}", f"y_{part}"} <= set(names):
        return Samples(found[f"x_{part}"], found[f"y_{part}"])
    answers = labels.named(names)
    others = [name for name in names if name not in answers]
    inputs = [name for name in others if name.lower() in _SAMPLES] or others
    if len(inputs) != 1 or len(answers) > 1:
        there = ", ".join(sorted(names))
        raise DataError(
            f"{where} has {f'the arrays {there}' if there else 'no array'}: call the samples x "
            "and their labels, if known, y"
        )
    return Samples(found[inputs[0]], found[answers[0]] if answers else None)


def _folder(path: Path, trained: Any, part: str) -> Samples | None:
    """Return the images of a folder: as they lie there, or in a folder for each class."""
    files = _files(path)
    inner = next((path / n for n in _PARTS[part] if _classes(path / n)), path)
    classes = _classes(inner)
    if files and classes:
        raise DataError(
            f"{path} has images beside folders of images ({', '.join(classes)}): give one of these"
        )
    if files:
        return _images(files, trained)
    if not classes or set(classes) == {"train"}:
        return None
    found = _images([file for files in classes.values() for file in files], trained)
    names = [f"{name}/{file.name}" for name, files in classes.items() for file in files]
    owners = [name for name, files in classes.items() for _ in files]
    return Samples(found.x, np.array(owners, object), names)


def _files(path: Path) -> list[Path]:
    return sorted(f for f in path.iterdir() if f.suffix.lower() in _IMAGES and f.is_file())


def _classes(path: Path) -> dict[str, list[Path]]:
    if not path.is_dir():
        return {}
    found = {f.name: _files(f) for f in sorted(path.iterdir()) if f.is_dir()}
    return {name: files for name, files in found.items() if files}


def _images(files: list[Path], trained: Any) -> Samples:
    missing = next((file for file in files if not file.is_file()), None)
    if missing is not None:
        raise DataError(f"{missing} does not exist; several data must be image files")
    return decoded(files, [file.name for file in files], trained)
