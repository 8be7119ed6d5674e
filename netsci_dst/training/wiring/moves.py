"""Operations that move entries: the neurons behind them move along."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from .call import Call, handles
from .combine import joined
from .shadow import (
    CONSTANT,
    MIXED,
    RAW,
    Shadow,
    absorbed,
    compact,
    full,
    mapped,
    reshaped,
    widened,
)


def kept(shadow: Shadow | None, ids: Tensor, module: bool = True) -> Shadow | None:
    """Return a shadow with other ids that remembers where it came from."""
    if shadow is None:
        return None
    return Shadow(ids, shadow.lost, shadow.module if module else None)


@handles(
    "view", "_unsafe_view", "reshape", "_reshape_alias", "flatten", "unflatten", "squeeze",
    "unsqueeze", "view_copy", "_reshape_copy",
)  # fmt: skip
def reshape(call: Call) -> Shadow | None:
    """Follow any change of shape alone."""
    shadow = call.shadow(call["self"])
    if shadow is None or 0 in call["self"].shape:
        return None
    ids = reshaped(shadow.ids, tuple(call["self"].shape), tuple(call.out.shape))
    return kept(shadow, ids)


@handles("permute", "transpose", "t", "movedim", "swapaxes", "swapdims", "adjoint", "numpy_T")
def permute(call: Call) -> Shadow | None:
    """Follow a change of the order of dimensions."""
    shadow = call.shadow(call["self"])
    if shadow is None:
        return None
    return kept(shadow, call.function(shadow.ids, *call.args[1:], **call.kwargs))


@handles("expand", "expand_as", "broadcast_to")
def expand(call: Call) -> Shadow | None:
    """Follow a broadcast."""
    shadow = call.shadow(call["self"])
    return None if shadow is None else kept(shadow, widened(shadow.ids, call.out.dim()))


def _dimension(call: Call, shadow: Shadow, name: str = "dim") -> int:
    return call.get(name, 0) % max(shadow.ids.dim(), 1)


@handles("slice", "narrow")
def cut(call: Call) -> Shadow | None:
    """Follow a slice."""
    shadow = call.shadow(call["self"])
    if shadow is None:
        return None
    if shadow.ids.shape[_dimension(call, shadow)] == 1:
        return kept(shadow, shadow.ids)
    return kept(shadow, compact(call.function(shadow.ids, *call.args[1:], **call.kwargs)), False)


@handles("select")
def select(call: Call) -> Shadow | None:
    """Follow the choice of one index."""
    shadow = call.shadow(call["self"])
    if shadow is None:
        return None
    dim = _dimension(call, shadow)
    index = 0 if shadow.ids.shape[dim] == 1 else call["index"]
    return kept(shadow, compact(shadow.ids.select(dim, index)), shadow.ids.shape[dim] == 1)


@handles("split", "split_with_sizes", "chunk", "unbind", "tensor_split", "unsafe_split",
         "unsafe_chunk", "unsafe_split_with_sizes", "split_copy", "unbind_copy")  # fmt: skip
def split(call: Call) -> tuple[Shadow | None, ...] | None:
    """Follow a split into several tensors."""
    shadow = call.shadow(call["self"])
    if shadow is None:
        return None
    dim = _dimension(call, shadow)
    if shadow.ids.shape[dim] == 1:
        gone = call.name.startswith("unbind")
        ids = shadow.ids.squeeze(dim) if gone else shadow.ids
        return tuple(kept(shadow, ids) for _ in call.out)
    parts = call.function(shadow.ids, *call.args[1:], **call.kwargs)
    return tuple(kept(shadow, compact(part), False) for part in parts)


@handles("cat", "concat", "concatenate")
def concatenate(call: Call) -> Shadow | None:
    """Follow a concatenation: of neurons, or of positions, where different neurons join as a sum.

    A constant piece among positions, such as a class token, belongs to the neurons it stands with.
    """
    given = [t for t in call["tensors"] if t.numel()]
    shadows = [call.shadow(t) for t in given]
    known = [shadow for shadow in shadows if shadow is not None]
    if not known:
        return None
    dim = call.get("dim", 0) % call.out.dim()
    lost = next((s.lost for s in known if s.lost), None)
    along = all(s.ids.shape[dim] == 1 for s in known)
    raw = any(bool((s.ids >= RAW).any()) for s in known)
    if along and not raw and (len(given) > len(known) or any(t.shape[dim] > 1 for t in given)):
        followed = [s for s in known if s.follows]
        if followed:
            return joined(call, followed, "sum")
        return Shadow(known[0].ids, lost)
    pieces = [
        full(shadow.ids, tuple(t.shape)) if shadow else torch.full(t.shape, CONSTANT)
        for t, shadow in zip(given, shadows)
    ]
    return Shadow(compact(torch.cat(pieces, dim)), lost)


@handles("stack")
def stack(call: Call) -> Shadow | None:
    """Follow a stack: entries keep their neurons, whatever the new dimension turns out to mean."""
    shadows = [call.shadow(t) for t in call["tensors"]]
    if all(shadow is None for shadow in shadows):
        return None
    pieces = [
        full(shadow.ids, tuple(t.shape)) if shadow else torch.full(t.shape, CONSTANT)
        for t, shadow in zip(call["tensors"], shadows)
    ]
    lost = next((s.lost for s in shadows if s and s.lost), None)
    return Shadow(compact(torch.stack(pieces, call.get("dim", 0))), lost)


@handles("repeat")
def repeat(call: Call) -> Shadow | None:
    """Follow a repetition along dimensions."""
    shadow = call.shadow(call["self"])
    if shadow is None:
        return None
    ids = widened(shadow.ids, call.out.dim())
    times = [n if length > 1 else 1 for n, length in zip(call["repeats"], ids.shape)]
    return kept(shadow, ids.repeat(times))


@handles("roll", "flip")
def turn(call: Call) -> Shadow | None:
    """Follow a shift or a reversal; along positions it changes nothing."""
    shadow = call.shadow(call["self"])
    if shadow is None:
        return None
    dims = call["dims"]
    if dims and all(shadow.ids.shape[d] == 1 for d in dims):
        return kept(shadow, shadow.ids)
    return moved(call)


@handles("constant_pad_nd", "pad")
def pad(call: Call) -> Shadow | None:
    """Follow padding by a constant: along positions neurons stay, among neurons it adds nothing."""
    shadow = call.shadow(call["self"])
    if shadow is None:
        return None
    amounts = list(call["pad"])
    for place in range(len(amounts) // 2):
        if shadow.ids.shape[-1 - place] == 1:
            amounts[2 * place : 2 * place + 2] = [0, 0]
    if not any(amounts):
        return kept(shadow, shadow.ids)
    return kept(shadow, functional.pad(shadow.ids, amounts, value=CONSTANT), False)


@handles("index_select", "index", "gather", "take_along_dim", "take", "masked_select",
         "_unsafe_index", "repeat_interleave", "diagonal", "rot90", "as_strided",
         "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "native_channel_shuffle",
         "masked_scatter", "diag_embed", "unfold_copy", "diagonal_copy")  # fmt: skip
def moved(call: Call) -> Shadow | None:
    """Follow an operation by doing the same to the neurons behind every entry."""
    if all(call.shadow(t) is None for t in _floats(call)):
        return None
    lost = next((s.lost for t in _floats(call) if (s := call.shadow(t)) and s.lost), None)
    args, kwargs = (
        mapped(call.args, lambda t: _ids(call, t)),
        mapped(call.kwargs, lambda t: _ids(call, t)),
    )
    return Shadow(compact(call.function(*args, **kwargs)), lost)


def _floats(call: Call) -> list[Tensor]:
    given = [value for value in call.given.values() if isinstance(value, Tensor)]
    return [t for t in given if call.shadow(t) is not None or t.is_floating_point()]


def _ids(call: Call, tensor: Tensor) -> Tensor:
    shadow = call.shadow(tensor)
    if not (tensor.is_floating_point() or tensor.is_complex() or tensor is call.first):
        return tensor.cpu()
    shape, strides = tuple(tensor.shape), tensor.stride()
    ids = torch.full(shape, CONSTANT) if shadow is None else full(shadow.ids, shape)
    if call.name == "as_strided":
        place = torch.empty_strided(shape, strides, dtype=torch.int64)
        return place.copy_(ids)
    return ids.contiguous()


@handles("index_put", "index_put_impl", "scatter", "index_copy", "select_scatter",
         "slice_scatter", "_index_put_impl", "_unsafe_index_put", "index_fill")  # fmt: skip
def written(call: Call) -> Shadow | None:
    """Follow values written into some entries of a tensor.

    What is written among positions of the same neurons, or over constants, changes no neuron.
    """
    new = moved(call)
    return None if new is None else Shadow(absorbed(new.ids), new.lost)


@handles("index_add", "scatter_add", "scatter_reduce", "index_reduce")
def added(call: Call) -> Shadow | None:
    """Follow values added into some entries: a sum over positions, or a join."""
    source = call.get("source", call.get("src"))
    shadow, before = call.shadow(source), call.shadow(call["self"])
    if shadow is None or before is None or not before.follows:
        return Shadow(absorbed(_spread(call, shadow))) if shadow else before
    spread = Shadow(absorbed(_spread(call, shadow)), shadow.lost)
    return joined(call, [before, spread], "sum")


def _spread(call: Call, shadow: Shadow) -> Tensor:
    source = call.get("source", call.get("src"))
    ids = full(shadow.ids, tuple(source.shape)).contiguous()
    place = torch.full(tuple(call["self"].shape), CONSTANT)
    index = call["index"].cpu()
    if call.name.startswith("index"):
        return place.index_copy_(call["dim"], index, ids)
    return place.scatter_(call["dim"], index, ids)


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
