"""Image data sets of the Hugging Face hub, by id."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import DataError, MissingDependency
from ...registry import register
from ._dataset import Dataset, image_dataset
from ._fingerprint import fingerprint_of
from ._images import decode_all

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

    Raises
    ------
    MissingDependency, DataError
        When `datasets` is not installed, or the set cannot be reached or has no images.
    """
    try:
        import datasets
    except ImportError as error:
        raise MissingDependency("datasets", "hf", "fetching data from the hub") from error
    try:
        found = datasets.load_dataset(id, config, revision=revision)
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(
            f"cannot get {id!r} from the Hugging Face hub: {reason}; "
            "give a folder with the data instead"
        ) from error
    test = next((split for split in _TEST_SPLITS if split in found), None)
    if "train" not in found or test is None:
        raise DataError(f"{id!r} needs a train and a test split (it has {', '.join(found)})")
    parts = [_read_split(found[split], id, label, size) for split in ("train", test)]
    classes = parts[0][2]
    return image_dataset(name or id, parts[0][:2], parts[1][:2], classes=classes)


def _read_split(split: Any, id: str, label: str | None, size: int | None) -> tuple:
    import datasets

    features = split.features
    images = [c for c, kind in features.items() if isinstance(kind, datasets.Image)]
    labels = [c for c in ((label,) if label else _LABELS) if c in features]
    if not images or not labels:
        raise DataError(f"{id!r} has no column of images and labels ({', '.join(features)})")
    raw = split.cast_column(images[0], datasets.Image(decode=False))
    encoded = [row["bytes"] for row in raw[images[0]]]
    key = fingerprint_of([*encoded, str(size)])
    pixels = decode_all(encoded, size=size, where=f"{id} ({split.split})", key=key)
    names = getattr(features[labels[0]], "names", None) or ()
    return pixels, np.asarray(split[labels[0]], np.int64), tuple(names)
