"""What layers share: reading their inputs, folding constants, replacing tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from ..shadow import differing_dims
from ..units import PINNED
from .base import Cut, Inputs

if TYPE_CHECKING:
    from ..follow import Follower


def features(follower: Follower, x: Tensor, dim: int) -> Inputs:
    """Return what is known of the entries along one dimension."""
    rows = x.detach().movedim(dim, -1).reshape(-1, x.shape[dim])
    # A mean of equal numbers is rounded.
    allowed = rows[:1].abs() * (16 * torch.finfo(x.dtype).eps if x.is_floating_point() else 0)
    same = ((rows - rows[:1]).abs() <= allowed).all(0).numpy()
    values = rows[0].double().numpy()
    shadow = follower.shadow(x)
    if shadow is None:
        return Inputs(np.full(x.shape[dim], PINNED), same, values)
    labels = shadow.labels
    if set(differing_dims(labels)) - {dim % x.dim()}:
        follower.pin([x])
    row = labels.movedim(dim, -1).reshape(-1, x.shape[dim])[0].numpy().copy()
    varies = shadow.varies.movedim(dim, -1).reshape(-1, x.shape[dim]).any(0).numpy()
    return Inputs(row, same & ~varies, values)


def index(keep: np.ndarray) -> Tensor:
    """Return the places that stay."""
    return torch.from_numpy(np.flatnonzero(keep))


def replace(module: Any, name: str, tensor: Tensor) -> None:
    """Give a module another tensor under the same name."""
    old = getattr(module, name)
    if isinstance(old, nn.Parameter):
        setattr(module, name, nn.Parameter(tensor, requires_grad=old.requires_grad))
    else:
        setattr(module, name, tensor)


def fold(module: Any, weight: np.ndarray, inputs: Inputs | None, gone: Any, cut: Cut) -> None:
    """Add what constant features that go have contributed, ``weight`` being (out, in)."""
    assert inputs is not None
    moved = gone & inputs.constant
    add_to_bias(module, weight[:, moved] @ inputs.values[moved], cut, len(weight))


def add_to_bias(module: Any, added: np.ndarray, cut: Cut, n_target: int) -> None:
    """Add a number to each output before the cut, and drop the outputs that go."""
    if added.any():
        bias = module.bias
        old = np.zeros(n_target) if bias is None else bias.detach().double().numpy()
        total = torch.from_numpy(old + added).to(module.weight.dtype)
        grad = module.weight.requires_grad
        module.bias = nn.Parameter(
            total, requires_grad=grad if bias is None else bias.requires_grad
        )
    cut_bias(module, cut)


def cut_bias(module: Any, cut: Cut) -> None:
    """Drop the entries of the bias that go."""
    if module.bias is not None:
        replace(module, "bias", module.bias.detach()[index(cut.keep_out)])
