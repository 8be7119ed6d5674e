"""Operations that move entries: the neurons behind them move along."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .call import Call, handles
from .indexed import moved
from .join import joined
from .shadow import CONSTANT, RAW, Shadow, compact, full, reshaped, widened


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
