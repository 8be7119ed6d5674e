"""Windows, complex numbers, packed sequences, and what takes nothing but a tensor's form."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .call import Call, handles
from .moves import kept
from .shadow import MIXED, Shadow, compact


@handles("unfold")
def unfold(call: Call) -> Shadow | None:
    """Follow windows along a dimension."""
    shadow = call.shadow(call["self"])
    if shadow is None:
        return None
    dim = call["dimension"] % shadow.ids.dim()
    if shadow.ids.shape[dim] == 1:
        return kept(shadow, shadow.ids.unsqueeze(-1))
    return kept(shadow, compact(shadow.ids.unfold(dim, call["size"], call["step"])), False)


@handles("im2col")
def im2col(call: Call) -> Shadow | None:
    """Follow windows of an image laid out along the channels."""
    shadow = call.shadow(call["self"])
    if shadow is None:
        return None
    if shadow.raw:
        return call.over.fresh_input(call.out)
    if any(shadow.ids.shape[d] > 1 for d in (-1, -2)):
        return Shadow(_mixed(call.out), call.lost())
    kernel = call["kernel_size"][0] * call["kernel_size"][1]
    return kept(shadow, shadow.ids[..., 0].repeat_interleave(kernel, -2), False)


@handles("col2im")
def col2im(call: Call) -> Shadow | None:
    """Follow windows added back into an image: whole where each window is of one channel."""
    shadow = call.shadow(call["self"])
    if shadow is None:
        return None
    kernel = call["kernel_size"][0] * call["kernel_size"][1]
    ids = shadow.ids.expand(*shadow.ids.shape[:-2], call["self"].shape[-2], shadow.ids.shape[-1])
    windows = ids.unflatten(-2, (-1, kernel))
    if ids.shape[-1] > 1 or bool((windows != windows[..., :1, :]).any()):
        return Shadow(_mixed(call.out), call.lost())
    return kept(shadow, windows[..., 0, :].unsqueeze(-1), False)


@handles("view_as_complex")
def to_complex(call: Call) -> Shadow | None:
    """Follow pairs that become complex numbers; each is known by its real part."""
    shadow = call.shadow(call["self"])
    if shadow is None:
        return None
    return Shadow(shadow.ids[..., 0], shadow.lost, None, shadow)


@handles("view_as_real")
def to_real(call: Call) -> Shadow | None:
    """Follow complex numbers back to the pairs that they came from."""
    shadow = call.shadow(call["self"])
    if shadow is None:
        return None
    if shadow.real is not None:
        return shadow.real
    return kept(shadow, shadow.ids.unsqueeze(-1), False)


@handles("_pack_padded_sequence")
def packed(call: Call) -> tuple[Shadow | None, None] | None:
    """Follow sequences that are packed: the first two dimensions become one."""
    shadow = call.shadow(call["input"])
    if shadow is None:
        return None
    ids = shadow.ids[:1, :1].flatten(0, 1)
    return kept(shadow, ids), None


@handles("_pad_packed_sequence")
def unpacked(call: Call) -> tuple[Shadow | None, None] | None:
    """Follow packed sequences that are padded again."""
    shadow = call.shadow(call["data"])
    return None if shadow is None else (kept(shadow, shadow.ids[:1].unsqueeze(0)), None)


@handles("zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like",
         "randint_like", "new_zeros", "new_ones", "new_full", "new_empty", "new_empty_strided",
         "_local_scalar_dense", "is_nonzero", "equal", "nonzero", "_assert_async",
         "_functional_assert_async", "sym_size")  # fmt: skip
def constant(call: Call) -> None:
    """Follow what takes nothing but a tensor's form, or decides which way a model goes on."""
    return None


def _mixed(out: Tensor) -> Tensor:
    return torch.full((1,) * out.dim(), MIXED)


def mixed(call: Call, out: Any = None) -> Shadow:
    """Return the shadow of values that belong to no neuron any more."""
    return Shadow(_mixed(call.out if out is None else out), call.lost())
