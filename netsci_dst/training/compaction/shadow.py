"""What is known about each entry of a tensor besides its number."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .units import PINNED, Units


@dataclass
class Shadow:
    """Which unit each entry belongs to, and whether it depends on the model's input.

    Attributes
    ----------
    labels
        Int64, the tensor's shape.
    varies
        Bool, the tensor's shape: False where the entry is the same for any input.
    averages
        Whether the entries along the last dimension sum to 1, as those of a softmax.
    """

    labels: Tensor
    varies: Tensor
    averages: bool = False

    @classmethod
    def pinned(cls, tensor: Tensor, varies: bool = True) -> Shadow:
        """Return the shadow of a tensor whose entries all stay."""
        return cls(
            torch.full(tensor.shape, PINNED, dtype=torch.int64),
            torch.full(tensor.shape, varies, dtype=torch.bool),
        )


def differing_dims(labels: Tensor) -> tuple[int, ...]:
    """Return the dimensions along which labels differ."""
    if not labels.numel():
        return ()
    return tuple(
        d
        for d in range(labels.dim())
        if labels.shape[d] > 1 and bool((labels != labels.narrow(d, 0, 1)).any())
    )


def along(labels: Tensor, dims: tuple[int, ...], units: Units, pin: bool = False) -> Tensor:
    """Return the labels left when dimensions are contracted, with size 1 there.

    Entries that are contracted become one unit, or are pinned where they are several.
    """
    if not dims or not labels.numel():
        return labels
    first = labels
    for d in dims:
        first = first.narrow(d, 0, 1)
    if bool((labels == first).all()):
        return first
    if not pin:
        units.join(labels.numpy(), first.numpy())
        return first
    several = (labels != first).any(dim=dims, keepdim=True)
    units.pin(labels[several.expand_as(labels)].numpy())
    return torch.where(several, PINNED, first)
