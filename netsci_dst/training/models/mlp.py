"""The multilayer perceptron."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...registry import register

if TYPE_CHECKING:
    import torch
    from torch import nn


@register(
    "model",
    "mlp",
    summary="Multilayer perceptron; all but its last layer sparse.",
    source="CHT; CHTss",
    task="classification",
    data="image",
    relu=True,
)
def mlp(
    input_shape: tuple[int, ...],
    n_classes: int,
    hidden: Sequence[int] | None = None,
    activation: str = "relu",
    dropout: float = 0.0,
    bias: bool = True,
    layers: str = "auto",
    generator: torch.Generator | None = None,
) -> nn.Module:
    """Build a multilayer perceptron that flattens its input.

    Parameters
    ----------
    input_shape
        Shape of one sample, such as ``(1, 28, 28)``.
    n_classes
        Number of outputs.
    hidden
        Sizes of the hidden layers; three of twice the input size when left out (CHTss, MNIST).
    activation
        ``relu``, ``leaky_relu``, ``gelu``, ``silu``, ``tanh``, ``sigmoid`` or ``elu``.
    dropout
        Share of activations dropped after each hidden layer.
    bias
        Whether layers have a bias.
    layers
        What hidden layers are made of: ``dense``, or ``csr`` or ``masked`` sparse layers without
        links to begin with; ``auto`` is dense unless a layer's dense weight would not fit (more
        than 2^26 positions), where it is csr.
    generator
        Draws the initial weights; torch's own when left out.

    Raises
    ------
    RecipeError
        If a size or a name is not possible.
    """
    from ._mlp import build

    return build(input_shape, n_classes, hidden, activation, dropout, bias, layers, generator)
