"""ResNet-50 and ResNet-56 (He et al. 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from ...registry import register

if TYPE_CHECKING:
    from torch import nn

Stem = Literal["auto", "imagenet", "cifar"]


@register(
    "model",
    "resnet50",
    summary="ResNet-50, bottleneck blocks; every layer is sparse.",
    source="He et al. 2016; Survival section 5",
    task="classification",
    data="image",
)
def resnet50(
    input_shape: Sequence[int], n_classes: int, *, width: float = 1.0, stem: Stem = "auto"
) -> nn.Module:
    """Build ResNet-50 as Survival trains it (25,502,912 weights at 1000 classes).

    Parameters
    ----------
    input_shape
        ``(channels, height, width)``.
    n_classes
        Number of classes.
    width
        Factor on the number of channels.
    stem
        ``imagenet``: 7x7 convolution of stride 2 and 3x3 pooling; ``cifar``: one 3x3 convolution;
        ``auto``: the latter for images below 64 pixels.
    """
    from ._resnet import resnet50

    return resnet50(input_shape, n_classes, width, stem, hidden=(), sparse=["*"])


@register(
    "model",
    "resnet50-cht",
    summary="ResNet-50 with four fully connected layers, of which the first three are sparse.",
    source="CHT, section 4.1 and app. L",
    task="classification",
    data="image",
    relu=True,
)
def resnet50_cht(
    input_shape: Sequence[int],
    n_classes: int,
    *,
    width: float = 1.0,
    stem: Stem = "auto",
    hidden: Sequence[int] | None = None,
) -> nn.Module:
    """Build ResNet-50 as CHT trains it, its head extended to four fully connected layers.

    Parameters
    ----------
    input_shape
        ``(channels, height, width)``.
    n_classes
        Number of classes.
    width
        Factor on the number of channels.
    stem
        As for `resnet50`.
    hidden
        Sizes of the hidden layers: by default three as large as their input, 2048 times ``width``
        (CHT's 1×); 4096 is its 2×.
    """
    from ._resnet import resnet50

    return resnet50(input_shape, n_classes, width, stem, hidden=hidden, sparse=["head.fc*"])


@register(
    "model",
    "resnet56",
    summary="ResNet-56 for small images; every layer is sparse.",
    source="He et al. 2016; Survival section 5",
    task="classification",
    data="image",
)
def resnet56(
    input_shape: Sequence[int], n_classes: int, *, width: float = 1.0, depth: int = 56
) -> nn.Module:
    """Build ResNet-56 with projection shortcuts (855,770 parameters for CIFAR-10).

    Parameters
    ----------
    input_shape
        ``(channels, height, width)``.
    n_classes
        Number of classes.
    width
        Factor on the channels 16, 32, 64.
    depth
        Number of layers, ``6 n + 2``: 20, 32, 44, 56, 110.
    """
    from ._resnet import resnet56

    return resnet56(input_shape, n_classes, width, depth)
