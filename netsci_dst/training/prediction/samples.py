"""Samples: out of images, and one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ..data.decoding import decode


@dataclass(frozen=True)
class Samples:
    """Samples ``(n, *shape)``, and their labels and names where known."""

    x: Any
    labels: Any = None
    names: Sequence[str] | None = None


def stacked(rows: Sequence[Any]) -> np.ndarray:
    """Return samples given one by one as an array."""
    try:
        return np.stack([np.asarray(row) for row in rows]) if rows else np.zeros((0, 0))
    except ValueError:
        raise DataError("the samples of the list have different shapes") from None


def decoded(images: Sequence[Path | bytes], names: list[str], trained: Any) -> Samples:
    """Return images, files or their content, as samples of these names."""
    shape = tuple(trained.shape)
    if len(shape) != 3:
        raise DataError(f"the network takes samples of {by(shape)}, which are no images")
    found = []
    for image, name in zip(images, names):
        where = str(image) if isinstance(image, Path) else name
        pixels = decode(image, None, shape[0] if shape[0] in (1, 3) else None, where)
        if pixels.shape != shape:
            raise DataError(
                f"{where} is an image of {by(pixels.shape)}; the network takes {by(shape)}: "
                "scale it first"
            )
        found.append(pixels)
    return Samples(np.stack(found), names=names)


def by(shape: Sequence[int]) -> str:
    """Return a shape in words."""
    return "x".join(map(str, shape)) or "one number"
