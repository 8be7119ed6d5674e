"""Samples to classify, out of arrays, files and data sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ..data import load
from ..data.remembered import is_pixels, is_unit
from . import sample_files, sample_tables
from .labels import checked
from .samples import Samples, by, stacked

# Noise may carry samples a little out of what pixels can be.
_OUTSIDE = 0.5


def read(
    data: Any, trained: Any, part: str, options: Mapping[str, Mapping[str, Any]] | None = None
) -> Samples:
    """Return samples that a network trained on ``trained`` takes: uint8 pixels or numbers.

    Parameters
    ----------
    options
        Name of a data set -> with which options it is loaded.

    Raises
    ------
    DataError
        If there are none, they have another shape or other classes, or their values are in other
        units.
    """
    samples = _found(data, trained, part, options or {})
    x = samples.x
    if isinstance(x, np.ndarray):
        x = _in_units(_shaped(x, tuple(trained.shape)), trained)
    if tuple(x.shape[1:]) != tuple(trained.shape):
        raise DataError(
            f"the network takes samples of {by(trained.shape)}, not {by(samples.x.shape[1:])}"
        )
    if not len(x):
        raise DataError("there are no samples")
    labels = checked(samples.labels, len(x), trained)
    return replace(samples, x=x, labels=labels)


def _shaped(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Bring samples that leave out a channel of one, are flat or end with the channels to shape."""
    if not x.ndim or x.shape[1:] == shape:
        return x
    if x.shape == shape or (1, *x.shape) == shape:
        return x.reshape(1, *shape)
    if (1, *x.shape[1:]) == shape:
        return x[:, None]
    if x.ndim == 2 and x.shape[1] == np.prod(shape):
        return x.reshape(-1, *shape)
    if len(shape) == 3 and x.shape[1:] == (*shape[1:], shape[0]):
        return np.moveaxis(x, -1, 1)
    return x


def _in_units(x: np.ndarray, trained: Any) -> np.ndarray:
    """Return pixels, or numbers as float32, as training had them; refuse other units."""
    if not x.ndim:
        raise DataError("the samples are one number")
    if x.dtype.kind not in "uifb":
        raise DataError(f"the samples are of type {x.dtype}; numbers are needed")
    if x.dtype.kind == "f":
        wrong = ~np.isfinite(x)
        if wrong.any():
            first = int(np.flatnonzero(wrong.reshape(len(x), -1).any(1))[0])
            raise DataError(f"the samples have values that are NaN or infinite, as sample {first}")
    if not len(x) or not is_unit(trained) or x.dtype == bool:
        return x.astype(np.float32)
    low, high = x.min(), x.max()
    if x.dtype.kind == "f":
        if low < -_OUTSIDE or high > 1 + _OUTSIDE:
            raise DataError(
                f"the samples go from {low:.4g} to {high:.4g}; fractions are as in training, "
                "between 0 and 1, before any normalisation: divide by 255, or give whole numbers"
            )
        return x.astype(np.float32)
    if low < 0 or high > 255:
        raise DataError(
            f"the samples go from {low} to {high}; whole numbers are pixels, from 0 to 255"
        )
    if high <= 1 and x.dtype != np.uint8 and not is_pixels(trained):
        return x.astype(np.float32)
    return x.astype(np.uint8)


def _found(data: Any, trained: Any, part: str, options: Mapping[str, Any]) -> Samples:
    if hasattr(data, "columns") and hasattr(data, "dtypes"):
        return sample_tables.of_frame(data, trained, "the data frame")
    if isinstance(data, (np.ndarray, np.generic)) or hasattr(data, "numpy"):
        return Samples(np.asarray(data))
    if isinstance(data, (list, tuple)) and not all(isinstance(d, (str, Path)) for d in data):
        return Samples(stacked(data))
    found = sample_files.read(data, trained, part)
    if found is not None:
        return found
    return _dataset(str(data), trained, part, options.get(str(data), {}))


def _dataset(source: str, trained: Any, part: str, options: Mapping[str, Any]) -> Samples:
    found = load(source, **options)
    if getattr(found, "kind", "image") not in ("image", "features"):
        raise DataError(f"{source} is data of kind {found.kind!r}; a classifier takes arrays")
    x, labels = getattr(found, f"x_{part}"), np.asarray(getattr(found, f"y_{part}"))
    ours, theirs = list(trained.classes), list(found.classes)
    if ours and theirs and ours != theirs:
        return Samples(x, np.array(theirs, object)[labels])
    return Samples(x, labels)
