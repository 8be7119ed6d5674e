"""Labels of samples, as numbers of classes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...errors import DataError

# What files call labels.
NAMES = ("y", "label", "labels", "target", "targets", "class")


def named(names: Iterable[Any]) -> list[Any]:
    """Return which of the names are those of labels."""
    return [name for name in names if str(name).strip().lower() in NAMES]


def checked(labels: Any, n: int, trained: Any) -> np.ndarray | None:
    """Return labels as numbers of classes: given as such, or by the names of the classes.

    Raises
    ------
    DataError
        If there are more or fewer than samples, or one is no class of the network.
    """
    if labels is None:
        return None
    labels = np.asarray(labels)
    if labels.shape == (n, 1):
        labels = labels[:, 0]
    wanted = f"whole numbers from 0 to {trained.n_classes - 1}"
    if labels.shape != (n,):
        raise DataError(
            f"{n} samples need {n} labels, {wanted}, not labels of shape {labels.shape}"
        )
    if labels.dtype.kind in "OUST":
        return _numbers(labels, trained, wanted)
    if labels.dtype.kind == "f" and (labels == np.round(labels)).all():
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in "uib":
        raise DataError(f"labels are {wanted}, not {labels.dtype} such as {labels[0]}")
    if labels.size and (labels.min() < 0 or labels.max() >= trained.n_classes):
        wrong = labels[(labels < 0) | (labels >= trained.n_classes)][0]
        raise DataError(f"a label is {wrong}; labels must lie in 0..{trained.n_classes - 1}")
    return labels.astype(np.int64)


def _numbers(labels: np.ndarray, trained: Any, wanted: str) -> np.ndarray:
    names = [str(name) for name in trained.classes]
    numbers = {name: i for i, name in enumerate(names or map(str, range(trained.n_classes)))}
    texts = [label.decode() if isinstance(label, bytes) else str(label) for label in labels]
    strange = [text for text in texts if text not in numbers]
    if strange:
        known = f" ({', '.join(names[:12])})" if names else f"; labels are {wanted}"
        raise DataError(f"the network was not taught a class {strange[0]!r}{known}")
    return np.array([numbers[text] for text in texts], np.int64)
