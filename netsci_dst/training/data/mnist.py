"""MNIST, Fashion-MNIST and EMNIST."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

from ...errors import UnknownName
from ...registry import register
from ._dataset import Dataset
from ._named import data_folder, named_images

_GREY = (1, 28, 28)
_CLOTHES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
# Lower-case letters that look like their capitals share a class in these sets.
_MERGED = string.digits + string.ascii_uppercase + "abdefghnqrt"
_EMNIST = {
    "balanced": _MERGED,
    "bymerge": _MERGED,
    "byclass": string.digits + string.ascii_uppercase + string.ascii_lowercase,
    "letters": string.ascii_uppercase,
    "digits": string.digits,
    "mnist": string.digits,
}


@register("data", "mnist", source="LeCun et al. 1998", shape=_GREY, n_classes=10)
def mnist(path: str | Path | None = None, **options: Any) -> Dataset:
    """MNIST: 60,000 + 10,000 handwritten digits of 28×28 grey pixels.

    Parameters
    ----------
    path
        Folder with IDX or parquet files; without it the folder ``mnist`` in NETSCI_DST_DATA, else
        the Hugging Face hub.
    """
    return named_images(
        "mnist",
        path,
        hub="ylecun/mnist",
        n_classes=10,
        shape=_GREY,
        classes=tuple(string.digits),
        **options,
    )


@register("data", "fashion_mnist", source="Xiao et al. 2017", shape=_GREY, n_classes=10)
def fashion_mnist(path: str | Path | None = None, **options: Any) -> Dataset:
    """Fashion-MNIST: 60,000 + 10,000 pictures of clothes of 28×28 grey pixels.

    Parameters
    ----------
    path
        Folder with IDX or parquet files; without it the folder ``fashion_mnist`` in
        NETSCI_DST_DATA, else the Hugging Face hub.
    """
    return named_images(
        "fashion_mnist",
        path,
        hub="zalando-datasets/fashion_mnist",
        n_classes=10,
        shape=_GREY,
        classes=_CLOTHES,
        **options,
    )


@register("data", "emnist", source="Cohen et al. 2017", shape=_GREY, n_classes=47)
def emnist(path: str | Path | None = None, *, split: str = "balanced", **options: Any) -> Dataset:
    """EMNIST: handwritten digits and letters of 28×28 grey pixels, balanced: 112,800 + 18,800.

    Parameters
    ----------
    path
        Folder with the IDX files as published (their images lie on their side, and are turned) or
        with parquet files (taken as they are); without it the folder ``emnist`` in NETSCI_DST_DATA.
    split
        ``balanced`` (47 classes, as in the papers), ``bymerge``, ``byclass``, ``letters``,
        ``digits`` or ``mnist``.
    """
    if split not in _EMNIST:
        raise UnknownName("split of EMNIST", split, _EMNIST)
    from .idx import find_file

    folder = Path(path).expanduser() if path is not None else data_folder("emnist")
    if folder is not None and find_file(folder, "train", "images", split):
        first = 1 if split == "letters" else 0
        options = {"split": split, "transposed": True, "first_label": first, **options}
    names = tuple(_EMNIST[split])
    return named_images(
        "emnist", folder, hub=None, n_classes=len(names), shape=_GREY, classes=names, **options
    )
