"""Known image data sets: the form of the files is recognised, their content checked."""

from __future__ import annotations

import os
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
    hub: str,
    n_classes: int,
    shape: tuple[int, ...] | None = None,
    hub_options: dict[str, Any] | None = None,
    **options: Any,
) -> Dataset:
    """Load a known data set from a folder, the data folder of the environment, or the hub.

    Raises
    ------
    DataError
        When the data has another shape or number of classes than the name promises.
    """
    from ._load import load_path

    folder = Path(path).expanduser() if path is not None else data_folder(name)
    if folder is not None:
        dataset = load_path(folder, **options)
    else:
        from .hub import hub as load_hub

        dataset = load_hub(hub, **{**(hub_options or {}), **options})
    where = folder or f"the hub's {hub}"
    if shape is not None and dataset.shape != shape:
        raise DataError(f"{where} holds images of shape {dataset.shape}; {name} has {shape}")
    if dataset.n_classes > n_classes:
        raise DataError(f"{where} has {dataset.n_classes} classes; {name} has {n_classes}")
    return replace(dataset, name=name, n_classes=n_classes)


def data_folder(name: str) -> Path | None:
    """Return the folder called ``name`` below the one in NETSCI_DST_DATA, if it is there."""
    base = os.environ.get(DATA_FOLDER)
    folder = Path(base).expanduser() / name if base else None
    return folder if folder is not None and folder.is_dir() else None
