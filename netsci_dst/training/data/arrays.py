"""A file of numpy arrays: anybody's own data."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...errors import DataError, NetsciError
from ...exchange.npz import check_numpy
from ...reading import one_line
from ...registry import register
from ._dataset import Dataset, image_dataset

_WANTED = ("x_train", "y_train", "x_test", "y_test")


def _recognises(path: Path) -> bool:
    return path.is_file() and path.suffix == ".npz"


@register("data", "arrays", recognises=_recognises, form="an .npz file", priority=60)
def arrays(path: str | Path, *, name: str | None = None) -> Dataset:
    """An .npz file with x_train, y_train, x_test and y_test.

    Parameters
    ----------
    path
        The file. Samples are uint8 (pixels) or floating point, of shape (n, features),
        (n, height, width) or (n, channels, height, width); labels are whole numbers from 0.
    name
        What to call the data set; the file's name by default.

    Raises
    ------
    DataError
        When it cannot be read, an array is missing, or one does not fit the others.
    """
    file = Path(path)
    try:
        check_numpy(file)
        with np.load(file, allow_pickle=False) as stored:
            if not hasattr(stored, "files"):
                raise DataError(f"{file} holds one array; it needs {', '.join(_WANTED)}")
            missing = [array for array in _WANTED if array not in stored]
            if missing:
                raise DataError(
                    f"{file} has no array {missing[0]!r}; it needs {', '.join(_WANTED)}"
                )
            found = {array: stored[array] for array in _WANTED}
    except NetsciError:
        raise
    except (MemoryError, ImportError):
        raise
    except Exception as error:
        # numpy would advise to unpickle, which must never be done with data.
        why = "it is no archive of plain arrays" if "pickle" in str(error) else one_line(error)
        raise DataError(f"{file} cannot be read as arrays: {why}") from error
    parts = [
        (_as_images(found[f"x_{part}"], file), found[f"y_{part}"]) for part in ("train", "test")
    ]
    return image_dataset(name or file.stem, *parts)


def _as_images(x: np.ndarray, file: Path) -> np.ndarray:
    if x.ndim < 2:
        raise DataError(f"{file}: samples have shape {x.shape}; expected (n, features) or images")
    if x.dtype != np.uint8:
        if x.dtype.kind not in "fiu":
            raise DataError(f"{file}: samples are {x.dtype}; expected uint8 or floating point")
        x = x.astype(np.float32)
    if x.ndim == 2:
        # One channel of one row: normalisation is then over all features at once.
        return x[:, None, None, :]
    return x[:, None] if x.ndim == 3 else x
