"""ImageNet (ILSVRC 2012)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...registry import register
from ._dataset import Dataset
from ._named import named_images
from .augment import CropAndFlip


@register("data", "imagenet", source="Russakovsky et al. 2015", shape=(3, 224, 224), n_classes=1000)
def imagenet(path: str | Path | None = None, *, size: int = 224, **options: Any) -> Dataset:
    """ImageNet 2012: 1.28 million + 50,000 photographs in 1,000 classes, decoded on demand.

    Training crops (an eighth of the size as padding) and flips them at random, as the papers do.

    Parameters
    ----------
    path
        Folder with ``train`` and ``val`` of class folders, or with parquet files; without it the
        folder ``imagenet`` in NETSCI_DST_DATA, else the Hugging Face hub (which asks for a login).
    size
        Height and width: the shorter side is scaled to it and the middle square is cut.
    """
    return named_images(
        "imagenet",
        path,
        hub="ILSVRC/imagenet-1k",
        n_classes=1000,
        shape=(3, size, size),
        augment=CropAndFlip(size // 8),
        size=size,
        **options,
    )
