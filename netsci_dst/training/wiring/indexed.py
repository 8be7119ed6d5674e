"""Operations that read or write entries by index: the same is done to the neurons behind them."""

from __future__ import annotations

import torch
from torch import Tensor

from .call import Call, handles
from .join import joined
from .shadow import CONSTANT, Shadow, absorbed, compact, full, mapped


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
