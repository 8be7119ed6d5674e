"""Normalisation and augmentation of batches, for numpy arrays and torch tensors alike.

Augmentations are those of the papers (CHT appendix L.1): random crop with padding, horizontal
flip, and the crop of random size used for ImageNet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    import torch

Batch = TypeVar("Batch", np.ndarray, "torch.Tensor")


def normalise(batch: Batch, mean: Sequence[float], std: Sequence[float]) -> Batch:
    """Return float32 ``(x - mean) / std`` per channel, 8-bit pixels being scaled to 0 to 1 first.

    Parameters
    ----------
    batch
        Shape (n, channels, ...), uint8 or floating point.
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

    move = {"device": batch.device}
    return batch.float().mul_(torch.as_tensor(factor, **move)).add_(torch.as_tensor(shift, **move))
