"""MNIST and the data sets of its form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...registry import register
from ._dataset import Dataset
from ._named import named_images


@register("data", "mnist", source="LeCun et al. 1998", shape=(1, 28, 28), n_classes=10)
def mnist(path: str | Path | None = None, **options: Any) -> Dataset:
    """MNIST: 60,000 + 10,000 handwritten digits of 28×28 grey pixels.

    Parameters
    ----------
    path
        Folder with IDX or parquet files; without it, the Hugging Face hub (``ylecun/mnist``).
    """
    return named_images(
        "mnist", path, hub="ylecun/mnist", n_classes=10, shape=(1, 28, 28), **options
    )
