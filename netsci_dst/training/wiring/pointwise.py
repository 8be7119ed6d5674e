"""Operations entry by entry."""

from __future__ import annotations

import torch
from torch import Tensor

from .call import Call
from .join import joined
from .shadow import MIXED, Shadow

_PRODUCTS = {"mul", "div", "pow", "atan2", "true_divide", "floor_divide", "fmod", "remainder",
             "multiply", "divide", "maximum", "minimum", "fmax", "fmin"}  # fmt: skip


def pointwise(call: Call) -> Shadow | None:
    """Follow any operation entry by entry."""
    operands = [t for t in _tensors(call) if not _is_choice(call, t)]
    shadows = [s for t in operands if (s := call.shadow(t)) is not None]
    followed = [s for s in shadows if s.follows]
    rank = call.out.dim()
    if not followed:
        if not shadows:
            return None
        return Shadow(torch.full((1,) * rank, MIXED), shadows[0].lost)
    if not (call.out.is_floating_point() or call.out.is_complex()):
        if all(shadow.raw for shadow in followed):
            return None
        return Shadow(torch.full((1,) * rank, MIXED), call.lost())
    kind = "product" if call.name in _PRODUCTS else "sum"
    found = joined(call, followed, kind)
    for tensor in operands:
        _unattributed(call, tensor, found)
    if found is not None:
        changed = len(operands) == 1 or len(shadows) == 1
        found.lost = found.lost or next((s.lost for s in shadows if s.lost), None)
        if changed and followed[0].real is not None:
            found.real = followed[0].real
    return found


def _unattributed(call: Call, tensor: Tensor, found: Shadow | None) -> None:
    """Say so where values of no neuron, one for each neuron, are added or multiplied."""
    shadow = call.shadow(tensor)
    if shadow is None or shadow.follows or shadow.lost is None or shadow.lost.ends:
        return
    if found is None:
        return
    shape = (1,) * (call.out.dim() - tensor.dim()) + tuple(tensor.shape)
    if any(n > 1 and wide > 1 for n, wide in zip(found.ids.shape, shape)):
        call.over.record.ended += list(shadow.lost.units)
        call.over.record.broken(
            shadow.lost.operation,
            shadow.lost.where,
            f"what it gives meets other neurons in {call.over.where or 'the model'}; which of "
            "them it feeds is not known",
        )


def _tensors(call: Call) -> list[Tensor]:
    return [value for value in call.given.values() if isinstance(value, Tensor)]


def _is_choice(call: Call, tensor: Tensor) -> bool:
    return tensor.dtype == torch.bool or tensor is call.get("mask")
