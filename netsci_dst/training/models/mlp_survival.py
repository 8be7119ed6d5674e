"""The multilayer perceptron of Survival, table 5."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...registry import register

if TYPE_CHECKING:
    from torch import nn


@register(
    "model",
    "mlp-survival",
    summary="Multilayer perceptron 1024-512 of which every layer is sparse.",
    source="Survival, table 5",
    task="classification",
    data="image",
)
def mlp_survival(
    input_shape: Sequence[int], n_classes: int, *, hidden: Sequence[int] = (1024, 512)
) -> nn.Module:
    """Build Survival's MLP (3,676,682 parameters for CIFAR-10).

    Parameters
    ----------
    input_shape
        Shape of one sample.
    n_classes
        Number of classes.
    hidden
        Sizes of the hidden layers.
    """
    from ._mlp_survival import build

    return build(tuple(input_shape), n_classes, hidden)
