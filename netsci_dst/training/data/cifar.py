"""CIFAR-10 and CIFAR-100."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import UnknownName
from ...registry import register
from ._dataset import Dataset
from ._named import named_images
from .augment import CropAndFlip

_COLOUR = (3, 32, 32)
_OBJECTS = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)


@register("data", "cifar10", source="Krizhevsky 2009", shape=_COLOUR, n_classes=10)
def cifar10(path: str | Path | None = None, **options: Any) -> Dataset:
    """CIFAR-10: 50,000 + 10,000 photographs of 32×32 colour pixels.

    Training crops (4 pixels of padding) and flips them at random, as the papers do.

    Parameters
    ----------
    path
        Folder with parquet files or the binary version; without it the folder ``cifar10`` in
        NETSCI_DST_DATA, else the Hugging Face hub.
    """
    found = named_images(
        "cifar10",
        path,
        hub="uoft-cs/cifar10",
        n_classes=10,
        shape=_COLOUR,
        classes=_OBJECTS,
        augment=CropAndFlip(4),
        **options,
    )
    if "JPEG" in found.notes:
        found = replace(found, notes="a JPEG re-encoding of CIFAR-10, not the original pixels")
    return found


@register("data", "cifar100", source="Krizhevsky 2009", shape=_COLOUR, n_classes=100)
def cifar100(path: str | Path | None = None, *, labels: str = "fine", **options: Any) -> Dataset:
    """CIFAR-100: 50,000 + 10,000 photographs of 32×32 colour pixels in 100 classes.

    Training crops (4 pixels of padding) and flips them at random, as the papers do.

    Parameters
    ----------
    path
        Folder with parquet files or the binary version; without it the folder ``cifar100`` in
        NETSCI_DST_DATA, else the Hugging Face hub.
    labels
        ``fine`` (100 classes) or ``coarse`` (20).
    """
    if labels not in ("fine", "coarse"):
        raise UnknownName("labels of CIFAR-100", labels, ("fine", "coarse"))
    return named_images(
        "cifar100",
        path,
        hub="uoft-cs/cifar100",
        n_classes=100 if labels == "fine" else 20,
        shape=_COLOUR,
        augment=CropAndFlip(4),
        label=f"{labels}_label",
        **options,
    )
