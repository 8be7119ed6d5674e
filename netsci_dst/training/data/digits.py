"""The 8×8 handwritten digits that come with scikit-learn: no file is needed."""

from __future__ import annotations

import numpy as np

from ...registry import register
from ._dataset import Dataset, image_dataset


@register(
    "data",
    "digits",
    source="Alpaydin & Kaynak 1998, by scikit-learn",
    shape=(1, 8, 8),
    n_classes=10,
)
def digits() -> Dataset:
    """1,797 handwritten digits of 8×8 pixels, embedded (1,437 to train, 360 to test).

    The split is stratified and always the same; pixels 0 to 16 are scaled to 0 to 1.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    parts = train_test_split(x, y.astype(np.int64), test_size=360, random_state=0, stratify=y)
    x_train, x_test, y_train, y_test = parts
    names = [str(digit) for digit in range(10)]
    return image_dataset("digits", (x_train, y_train), (x_test, y_test), classes=names)
