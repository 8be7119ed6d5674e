"""The small convolutional network of Survival, table 5."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...registry import register

if TYPE_CHECKING:
    from torch import nn


@register(
    "model",
    "convnet",
    summary="Three 3x3 convolutions, global average pooling and a classifier.",
    source="Survival, table 5",
    task="classification",
    data="image",
)
def convnet(
    input_shape: Sequence[int], n_classes: int, *, channels: Sequence[int] = (32, 64, 128)
) -> nn.Module:
    """Build the ConvNet: conv, ReLU, pool; conv, ReLU, pool; conv, ReLU, average; linear.

    Parameters
    ----------
    input_shape
        ``(channels, height, width)``, at least 18 pixels a side.
    n_classes
        Number of classes.
    channels
        Channels of the three convolutions.
    """
    from ._convnet import ConvNet

    return ConvNet(input_shape, n_classes, channels)
