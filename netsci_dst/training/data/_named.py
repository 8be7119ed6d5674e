"""Known image data sets: the form of the files is recognised, their content checked."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import DataError
from ._dataset import Dataset

DATA_FOLDER = "NETSCI_DST_DATA"


def named_images(
    name: str,
    path: str | Path | None,
    *,
    hub: str | None,
    n_classes: int,
    shape: tuple[int, ...] | None = None,
    classes: Sequence[str] = (),
    augment: Callable[[Any, Any], Any] | None = None,
    **options: Any,
) -> Dataset:
    """Load a known data set from a folder, the data folder of the environment, or the hub.

    Raises
    ------
    DataError
        When the data cannot be found, or has another shape or more classes than the name promises.
    """
    dataset, where = _find(name, path, hub, options)
    if shape is not None and dataset.shape != shape:
        raise DataError(f"{where} holds images of shape {dataset.shape}; {name} has {shape}")
    if dataset.n_classes > n_classes:
        raise DataError(f"{where} has {dataset.n_classes} classes; {name} has {n_classes}")
    names = dataset.classes or tuple(classes)
    return replace(dataset, name=name, n_classes=n_classes, classes=names, augment=augment)


def data_folder(name: str) -> Path | None:
    """Return the folder called ``name`` below the one in NETSCI_DST_DATA, if it is there."""
    base = os.environ.get(DATA_FOLDER)
    folder = Path(base).expanduser() / name if base else None
    return folder if folder is not None and folder.is_dir() else None


def place_of(name: str, path: str | Path | None, otherwise: str | None = None) -> str | None:
    """Return where a data set lies: the path given, the data folder, or somewhere else."""
    found = path if path is not None else data_folder(name)
    return otherwise if found is None else str(found)


def _find(
    name: str, path: str | Path | None, hub: str | None, options: dict[str, Any]
) -> tuple[Dataset, str]:
    from ._load import load_path

    folder = Path(path).expanduser() if path is not None else data_folder(name)
    if folder is not None:
        return load_path(folder, **options), str(folder)
    if hub is None:
        raise DataError(
            f"{name} is in no folder known here and on no hub: give its folder as path=, "
            f"or put it into {DATA_FOLDER}"
        )
    from .hub import hub as load_hub

    return load_hub(hub, **options), f"the hub's {hub}"
