"""Folders of image files, one folder per class."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ...errors import DataError
from ...registry import register
from ._dataset import Dataset, image_dataset
from ._fingerprint import fingerprint_of
from .decoding import decode_all

_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
_TEST = ("test", "val", "valid", "validation")


def _recognises(path: Path) -> bool:
    return path.is_dir() and any(_has_classes(folder) for folder in (path / "train", path))


@register("data", "images", recognises=_recognises, form="folders of images", priority=40)
def images(
    path: str | Path,
    *,
    size: int | None = None,
    test_share: float = 0.2,
    seed: int = 0,
    name: str | None = None,
) -> Dataset:
    """A folder of images: train and test (or val), each with one folder per class.

    Parameters
    ----------
    path
        The folder. Where class folders lie directly in it, a part is set aside for testing.
    size
        Scale the shorter side to this many pixels and cut the middle square; needed where images
        differ in size.
    test_share, seed
        The part of each class set aside, and the seed of its draw, where there is no test folder.
    name
        What to call the data set; the folder's name by default.

    Raises
    ------
    DataError
        When a part or class is missing, or an image cannot be decoded.
    """
    folder = Path(path)
    if _has_classes(folder / "train"):
        train, classes = _list(folder / "train")
        test, others = _list(_test_folder(folder))
        if not set(others) <= set(classes):
            extra = sorted(set(others) - set(classes))[0]
            raise DataError(f"{folder}: the class {extra!r} has test images but no training images")
        number = np.array([classes.index(name) for name in others], np.int64)
        parts, notes = [train, (test[0], number[test[1]])], ""
    else:
        everything, classes = _list(folder)
        parts = _set_aside(folder, everything, test_share, seed)
        notes = f"{test_share:.0%} of each class set aside for testing, seed {seed}"
    decoded = [
        (decode_all(files, size=size, where=str(folder), key=_key(files, size)), labels)
        for files, labels in parts
    ]
    return image_dataset(name or folder.name, *decoded, classes=classes, notes=notes)


def _has_classes(folder: Path) -> bool:
    return folder.is_dir() and any(_files(child) for child in folder.iterdir() if child.is_dir())


def _files(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        found = [e.path for e in entries if e.name.lower().endswith(_ENDINGS) and e.is_file()]
    return [Path(file) for file in sorted(found)]


def _list(folder: Path) -> tuple[tuple[list[Path], np.ndarray], list[str]]:
    """Return files, their labels, and the names of the classes in order."""
    found = {child.name: _files(child) for child in sorted(folder.iterdir()) if child.is_dir()}
    found = {name: files for name, files in found.items() if files}
    if not found:
        raise DataError(f"{folder} has no class folders with images")
    labels = np.repeat(np.arange(len(found)), [len(files) for files in found.values()])
    return ([file for files in found.values() for file in files], labels), list(found)


def _test_folder(folder: Path) -> Path:
    for name in _TEST:
        if (folder / name).is_dir():
            return folder / name
    raise DataError(f"{folder} has a train folder but none called {', '.join(_TEST)}")


def _set_aside(
    folder: Path, everything: tuple[list[Path], np.ndarray], share: float, seed: int
) -> list[tuple[list[Path], np.ndarray]]:
    if not 0 < share < 1:
        raise DataError(f"test_share is {share}; it must be between 0 and 1")
    files, labels = everything
    rng = np.random.default_rng(seed)
    aside = np.zeros(len(files), bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        if len(members) < 2:
            raise DataError(f"{folder}: a class with one image cannot be split; add images")
        aside[members[: min(len(members) - 1, max(1, round(share * len(members))))]] = True
    return [
        ([files[i] for i in np.flatnonzero(chosen)], labels[chosen]) for chosen in (~aside, aside)
    ]


def _key(files: list[Path], size: int | None) -> str:
    """Fingerprint of the files as they are: names, sizes and times, not the content."""
    facts = []
    for file in files:
        info = file.stat()
        facts.append(f"{file.absolute()} {info.st_size} {info.st_mtime_ns}")
    return fingerprint_of(["\n".join(facts), str(size)])
