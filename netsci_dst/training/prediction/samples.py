"""Samples to classify, out of arrays, files and data sets."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ...exchange.npz import check_numpy
from ..data import load
from ..data.decoding import decode

_IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")


@dataclass(frozen=True)
class Samples:
    """Samples ``(n, *shape)``, and their labels and names where known."""

    x: Any
    labels: np.ndarray | None = None
    names: Sequence[str] | None = None


def read(data: Any, trained: Any, part: str) -> Samples:
    """Return samples that a network trained on ``trained`` takes.

    Raises
    ------
    DataError
        If there are none, or they have another shape or other classes.
    """
    samples = _found(data, trained, part)
    shape = tuple(trained.shape)
    x = samples.x
    if isinstance(x, np.ndarray):
        if x.dtype.kind not in "uif":
            raise DataError(f"the samples are of type {x.dtype}; numbers are needed")
        if x.shape[1:] != shape and (1, *x.shape[1:]) == shape:
            x = x[:, None]
        if x.shape[1:] != shape and x.ndim == 2 and x.shape[1] == np.prod(shape):
            x = x.reshape(-1, *shape)
        if x.dtype.kind == "f" and not np.isfinite(x).all():
            raise DataError("the samples have values that are NaN or infinite")
    if tuple(x.shape[1:]) != shape:
        raise DataError(f"the network takes samples of {_by(shape)}, not {_by(x.shape[1:])}")
    if not len(x):
        raise DataError("there are no samples")
    return Samples(x, _checked(samples.labels, len(x), trained.n_classes), samples.names)


def _found(data: Any, trained: Any, part: str) -> Samples:
    if isinstance(data, np.ndarray) or hasattr(data, "numpy"):
        return Samples(np.asarray(data))
    path = Path(data).expanduser()
    ending = path.suffix.lower()
    if ending in (".npy", ".npz") and path.is_file():
        return _arrays(path)
    if ending in _IMAGES and path.is_file():
        return _images([path], trained)
    if path.is_dir():
        files = sorted(f for f in path.iterdir() if f.suffix.lower() in _IMAGES and f.is_file())
        if files:
            return _images(files, trained)
    return _dataset(str(data), trained, part)


def _arrays(path: Path) -> Samples:
    try:
        check_numpy(path)
        found = np.load(path, allow_pickle=False)
        if isinstance(found, np.ndarray):
            return Samples(found)
        with found:
            names = set(found.files)
            if len(names) == 1 and "x" not in names:
                return Samples(found[found.files[0]])
            if "x" not in names:
                raise DataError(f"{path} has no array x; it has {', '.join(sorted(names))}")
            return Samples(found["x"], found["y"] if "y" in names else None)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is no readable NumPy file: {error}") from None


def _images(files: list[Path], trained: Any) -> Samples:
    shape = tuple(trained.shape)
    if len(shape) != 3:
        raise DataError(f"the network takes samples of {_by(shape)}, which are no images")
    decoded = []
    for file in files:
        image = decode(file, None, shape[0] if shape[0] in (1, 3) else None, str(file))
        if image.shape != shape:
            raise DataError(
                f"{file} is an image of {_by(image.shape)}; the network takes {_by(shape)}: "
                "scale it first"
            )
        decoded.append(image)
    return Samples(np.stack(decoded), names=[file.name for file in files])


def _dataset(source: str, trained: Any, part: str) -> Samples:
    found = load(source)
    if getattr(found, "kind", "image") not in ("image", "features"):
        raise DataError(f"{source} is data of kind {found.kind!r}; a classifier takes arrays")
    x, labels = getattr(found, f"x_{part}"), np.asarray(getattr(found, f"y_{part}"))
    ours, theirs = list(trained.classes), list(found.classes)
    if ours and theirs and ours != theirs:
        strange = [name for name in theirs if name not in ours]
        if strange:
            raise DataError(
                f"{source} has a class {strange[0]!r}, which the network was not taught"
            )
        labels = np.array([ours.index(name) for name in theirs])[labels]
    return Samples(x, labels)


def _checked(labels: np.ndarray | None, n: int, n_classes: int) -> np.ndarray | None:
    if labels is None:
        return None
    labels = np.asarray(labels)
    if labels.shape != (n,) or labels.dtype.kind not in "ui":
        raise DataError(f"{n} samples need {n} whole numbers as labels, not {labels.shape}")
    if labels.min() < 0 or labels.max() >= n_classes:
        raise DataError(f"labels must lie in 0..{n_classes - 1}")
    return labels.astype(np.int64)


def _by(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "one number"
