"""The dense weight of a masked layer, whose absent entries receive no gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ._compile import outside_compile

if TYPE_CHECKING:
    from .base import SparseLayer


class _MaskGradient(torch.autograd.Function):
    """Identity whose gradient is zero where there is no link.

    The weight itself is zero there already, and an optimizer that acts entry by entry leaves an
    entry alone whose weight, gradient and state are all zero: so it stays zero exactly.
    """

    @staticmethod
    def forward(ctx: Any, weight: Tensor, mask: Tensor) -> Tensor:
        ctx.save_for_backward(mask)
        return weight.view_as(weight)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (mask,) = ctx.saved_tensors
        return torch.where(mask, gradient, 0.0), None


def masked_weight(layer: SparseLayer) -> Tensor:
    """Return the layer's weight for use in a forward pass."""
    if torch.is_grad_enabled() and layer.weight.requires_grad:
        weight = _MaskGradient.apply(layer.weight, layer.mask)
        return _captured(layer, weight) if layer.capture else weight
    return layer.weight


@outside_compile
def _captured(layer: SparseLayer, weight: Tensor) -> Tensor:
    def keep(gradient: Tensor) -> None:
        if layer.capture:
            known = layer._captured
            gradient = gradient.detach()
            layer._captured = gradient.clone() if known is None else known + gradient

    weight.register_hook(keep)
    return weight
