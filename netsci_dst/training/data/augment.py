"""Normalisation and augmentation of batches, for numpy arrays and torch tensors alike.

The augmentation is the one of the papers (CHT appendix L.1): random crop of the padded image, then
a random horizontal flip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import DataError, UnknownName

BORDERS = ("zeros", "reflect")


def normalise(batch: Any, mean: Sequence[float], std: Sequence[float]) -> Any:
    """Return float32 ``(x - mean) / std`` per channel, 8-bit pixels being scaled to 0 to 1 first.

    Parameters
    ----------
    batch
        numpy array or torch tensor of shape (n, channels, ...), uint8 or floating point.
    mean, std
        One per channel; empty for none. A channel of deviation 0 is only centred.
    """
    eight_bit = str(batch.dtype).endswith("uint8")
    scale = 1 / 255 if eight_bit else 1.0
    shape = (1, -1) + (1,) * (batch.ndim - 2)
    centre = np.asarray(mean or (0.0,), np.float64).reshape(shape)
    spread = np.asarray(std or (1.0,), np.float64).reshape(shape)
    spread = np.where(spread > 0, spread, 1.0)
    # x * factor + shift: one pass over the pixels.
    factor, shift = (scale / spread).astype(np.float32), (-centre / spread).astype(np.float32)
    if isinstance(batch, np.ndarray):
        out = batch.astype(np.float32)
        out *= factor
        out += shift
        return out
    import torch

    factor, shift = (torch.from_numpy(x).to(batch.device) for x in (factor, shift))
    return batch.to(torch.float32, copy=True).mul_(factor).add_(shift)


@dataclass(frozen=True)
class CropAndFlip:
    """Random crop of the padded image, then a horizontal flip with probability 1/2.

    Attributes
    ----------
    padding
        Pixels added on each side before the crop back to the original size.
    flip
        Whether to flip.
    border
        What is added: ``zeros``, or by ``reflect`` the image's mirror image, without its edge.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.ones((2, 3, 32, 32), np.uint8)
    >>> CropAndFlip()(images, np.random.default_rng(0)).shape
    (2, 3, 32, 32)
    """

    padding: int = 4
    flip: bool = True
    border: str = "zeros"

    def __post_init__(self) -> None:
        if self.border not in BORDERS:
            raise UnknownName("border", self.border, BORDERS)
        if self.padding < 0:
            raise DataError(f"padding of a random crop is {self.padding}; it must not be negative")

    def __call__(self, images: Any, generator: Any) -> Any:
        """Return augmented images.

        Parameters
        ----------
        images
            Shape (n, channels, height, width): numpy array, or torch tensor on any device.
        generator
            numpy Generator for an array, torch Generator of the tensor's device for a tensor.

        Raises
        ------
        DataError
            If the mirror image of so small an image cannot fill the padding.
        """
        if self._mirrors and self.padding >= min(images.shape[2:]):
            raise DataError(
                f"images of {images.shape[2]}x{images.shape[3]} pixels cannot be mirrored into "
                f"{self.padding} pixels of padding"
            )
        if isinstance(images, np.ndarray):
            return self._arrays(images, generator)
        return self._tensors(images, generator)

    @property
    def _mirrors(self) -> bool:
        return self.border == "reflect"

    def _arrays(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        from ._crop import crop

        n, p = len(images), self.padding
        down, right = rng.integers(0, 2 * p + 1, n) - p, rng.integers(0, 2 * p + 1, n) - p
        turned = rng.random(n) < 0.5 if self.flip else np.zeros(n, dtype=bool)
        return crop(images, down, right, turned, self._mirrors)

    def _tensors(self, images: Any, generator: Any) -> Any:
        import torch

        n, _, height, width = images.shape
        p, device = self.padding, images.device
        draw = {"generator": generator, "device": device}
        y, x = torch.randint(2 * p + 1, (n, 1), **draw), torch.randint(2 * p + 1, (n, 1), **draw)
        turned = torch.rand((n, 1), **draw) < (0.5 if self.flip else 0.0)
        if device.type == "cpu" and images.dtype != torch.bfloat16:  # which numpy does not know
            from ._crop import crop

            moves = (y[:, 0].numpy() - p, x[:, 0].numpy() - p, turned[:, 0].numpy())
            return torch.from_numpy(crop(images.numpy(), *moves, self._mirrors))
        y, x = y + torch.arange(height, device=device), x + torch.arange(width, device=device)
        x = torch.where(turned, x.flip(1), x)
        if self._mirrors:
            y, x = _mirrored(y - p, height), _mirrored(x - p, width)
        else:
            images = torch.nn.functional.pad(images, (p, p, p, p))
        rows = torch.arange(n, device=device)[:, None, None]
        out = images.permute(0, 2, 3, 1)[rows, y[:, :, None], x[:, None, :]]
        return out.permute(0, 3, 1, 2).contiguous()


def _mirrored(at: Any, size: int) -> Any:
    """Return positions beyond an edge as the positions that they mirror."""
    return (size - 1) - ((size - 1) - at.abs()).abs()
