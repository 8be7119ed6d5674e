"""VGG-16 with batch normalisation, in the forms of Survival and of CHT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...registry import register

if TYPE_CHECKING:
    from torch import nn


@register(
    "model",
    "vgg16",
    summary="VGG-16 with two hidden layers of 512; every layer is sparse.",
    source="Simonyan & Zisserman 2014; Survival section 5, after Liu et al. 2022",
    task="classification",
    data="image",
)
def vgg16(
    input_shape: Sequence[int],
    n_classes: int,
    *,
    width: float = 1.0,
    hidden: Sequence[int] | None = None,
) -> nn.Module:
    """Build VGG-16 as Survival trains it.

    Parameters
    ----------
    input_shape
        ``(channels, height, width)``, at least 16 pixels a side.
    n_classes
        Number of classes.
    width
        Factor on the number of channels.
    hidden
        Sizes of the fully connected hidden layers; two of 512 times ``width`` by default.
    """
    from ._vgg16 import VGG16

    return VGG16(input_shape, n_classes, width, hidden, batch_norm_head=True, sparse=["*"])


@register(
    "model",
    "vgg16-cht",
    summary="VGG-16 of which only three fully connected hidden layers are sparse.",
    source="CHT, section 4.1 and app. L",
    task="classification",
    data="image",
    relu=True,
)
def vgg16_cht(
    input_shape: Sequence[int],
    n_classes: int,
    *,
    width: float = 1.0,
    hidden: Sequence[int] | None = None,
) -> nn.Module:
    """Build VGG-16 as CHT trains it.

    Parameters
    ----------
    input_shape
        ``(channels, height, width)``, at least 16 pixels a side.
    n_classes
        Number of classes.
    width
        Factor on the number of channels.
    hidden
        Sizes of the hidden layers: by default three as large as their input, 512 times ``width``
        (CHT's 1×); 1024 is its 2×, 1000 its ESML setting.
    """
    from ._vgg16 import VGG16

    return VGG16(input_shape, n_classes, width, hidden, batch_norm_head=False, sparse=["head.fc*"])
