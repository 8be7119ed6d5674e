"""Products of values that sum over an axis: q·k, sums over positions, attention."""

from __future__ import annotations

import torch
from torch import Tensor

from .call import Call, handles
from .join import joined
from .layers import ranges
from .shadow import MIXED, RAW, Shadow, compact, is_scattered, ranked, runs, widened
from .weighted import by_weight, mixed_if_known
from .weights import Ghost


@handles("mm", "addmm", "bmm", "baddbmm", "addbmm", "mv", "addmv", "matmul", "linear", "dot",
         "vdot", "_addmm_activation", "addr", "ger", "outer")  # fmt: skip
def product(call: Call) -> Shadow | None:
    """Follow a matrix product, by a weight or between values."""
    if call.name in ("addr", "ger", "outer"):
        return mixed_if_known(call)
    if call.name == "linear":
        left, right, added = call["input"], call["weight"].t(), call.get("bias")
        ghost = call.over.weights.get(call["weight"])
        if ghost is not None:
            call.over.weights.put(right, Ghost(ghost.parameter, ghost.place.t(), ghost.altered))
    else:
        left, right = [t for t in call.args if isinstance(t, Tensor)][-2:]
        added = call.args[0] if call.name.startswith("add") or call.name == "baddbmm" else None
    found = _multiplied(call, left, right)
    bias = call.shadow(added) if isinstance(added, Tensor) else None
    if bias is not None and bias.follows:
        found = joined(call, [bias, *([found] if found else [])], "sum")
    return found


def _multiplied(call: Call, left: Tensor, right: Tensor) -> Shadow | None:
    a, b = call.over.weights.get(left), call.over.weights.get(right)
    if a is not None and b is not None:
        a, b = (None, b) if call.over.weights.is_listed(b) else (a, None)
    if b is not None and a is None and right.dim() >= 2:
        return by_weight(call, b, left, -1, (right.shape[-2], -2), (right.shape[-1], -1))
    if a is not None and b is None and left.dim() >= 2:
        axis = -1 if right.dim() == 1 else -2
        return by_weight(call, a, right, axis, (left.shape[-1], -1), (left.shape[-2], -2))
    return _between(call, left, right)


def _between(call: Call, left: Tensor, right: Tensor) -> Shadow | None:
    a, b = call.shadow(left), call.shadow(right)
    if a is None and b is None:
        return None
    out = call.out
    if (a is None or a.raw or not a.follows) and (b is None or b.raw or not b.follows):
        if all(s is None or s.raw for s in (a, b)):
            return call.over.fresh_input(out)
        return Shadow(torch.full((1,) * out.dim(), MIXED), call.lost())
    left_axis, right_axis = -1, -2 if right.dim() > 1 else -1
    summed_a = a is not None and a.ids.dim() > 0 and a.ids.shape[left_axis] > 1 and a.follows
    summed_b = b is not None and b.ids.dim() > 0 and b.ids.shape[right_axis] > 1 and b.follows
    if a is not None and b is not None and summed_a and summed_b:
        _contract(call, a, b, left_axis, right_axis)
    if right.dim() > 1 and b is not None and b.follows and b.ids.shape[-1] > 1:
        return _passed(call, b, -2, summed_b, a)
    if left.dim() > 1 and a is not None and a.follows and a.ids.shape[-2] > 1:
        return _passed(call, a, -1, summed_a, b)
    for shadow, summed in ((b, summed_b), (a, summed_a)):
        if shadow is not None and shadow.follows and not summed and shadow.ids.numel() == 1:
            return Shadow(shadow.ids.reshape((1,) * out.dim()), shadow.lost)
    batch = [s for s, summed in ((b, summed_b), (a, summed_a))
             if s is not None and s.follows and not summed]  # fmt: skip
    if batch and out.dim() == batch[0].ids.dim():
        return Shadow(batch[0].ids, batch[0].lost)
    return Shadow(torch.full((1,) * out.dim(), MIXED), call.lost())


def _passed(call: Call, shadow: Shadow, axis: int, summed: bool, other: Shadow | None) -> Shadow:
    ids = shadow.ids
    if summed:
        narrow = ids.narrow(axis, 0, 1)
        if bool((ids != narrow).any()):
            units = torch.unique(ids[ids >= 0])
            call.over.record.ended += ranges(units)
            return Shadow(torch.full((1,) * call.out.dim(), MIXED), call.lost())
        ids = narrow
    if ids.shape[axis] != 1:
        ids = ids.narrow(axis, 0, 1)
    if other is not None and other.follows:
        call.over.record.ended += ranges(torch.unique(other.ids[other.ids >= 0]))
    return Shadow(ranked(ids, call.out.dim()), shadow.lost)


def _contract(call: Call, a: Shadow, b: Shadow, axis_a: int, axis_b: int) -> None:
    """Note that two populations meet in a product that sums over neurons, such as q·k."""
    one = a.ids.movedim(axis_a, -1)
    other = b.ids.movedim(axis_b, -1)
    one, other = _first_rows(one, other)
    rank = max(one.dim(), other.dim())
    try:
        one, other = torch.broadcast_tensors(widened(one, rank), widened(other, rank))
    except RuntimeError:
        return _end(call, a, b)
    one, other = one.reshape(-1), other.reshape(-1)
    known = (one >= 0) & (other >= 0) & (one < RAW) & (other < RAW)
    pairs = torch.unique(torch.stack([one[known], other[known]], 1), dim=0)
    if pairs.numel() == 0:
        return _end(call, a, b)
    single = all(torch.unique(pairs[:, c]).numel() == pairs.shape[0] for c in (0, 1))
    pieces = runs(pairs[:, 0], pairs[:, 1]) if single else []
    if not single or is_scattered(pieces) or torch.equal(pairs[:, 0], pairs[:, 1]):
        return _end(call, a, b)
    call.over.record.contracts.append([(p[0], p[1], p[2]) for p in pieces])
    return None


def _first_rows(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    # The axes that are given: the last but one of each, which do not pair.
    if one.dim() > 1:
        one = one.narrow(-2, 0, 1).squeeze(-2)
    if other.dim() > 1:
        other = other.narrow(-2, 0, 1).squeeze(-2)
    return one, other


def _end(call: Call, *shadows: Shadow) -> None:
    for shadow in shadows:
        known = shadow.ids[(shadow.ids >= 0) & (shadow.ids < RAW)]
        call.over.record.ended += ranges(torch.unique(known))


@handles("scaled_dot_product_attention", "_scaled_dot_product_flash_attention_for_cpu",
         "_scaled_dot_product_flash_attention", "_scaled_dot_product_efficient_attention",
         "_scaled_dot_product_cudnn_attention", "_scaled_dot_product_attention_math",
         "_scaled_dot_product_fused_attention_overrideable",
         "_scaled_dot_product_attention_math_for_mps")  # fmt: skip
def attention(call: Call) -> tuple[Shadow | None, ...] | Shadow | None:
    """Follow attention: q and k meet, and the values pass."""
    query, key, value = (call.shadow(call[name]) for name in ("query", "key", "value"))
    out = call.out[0] if isinstance(call.out, tuple | list) else call.out
    if query is not None and key is not None and query.follows and key.follows:
        _heads(call, query, key)
    found = None
    if value is not None:
        ids = compact(value.ids)
        n_heads = call["value"].shape[-3]
        if ids.shape[-3] > 1 and out.shape[-3] != n_heads:
            ids = ids.repeat_interleave(out.shape[-3] // n_heads, -3)
        found = Shadow(ids.narrow(-2, 0, 1), value.lost)
        if bool((ids != found.ids).any()):
            found = Shadow(torch.full((1,) * out.dim(), MIXED), call.lost())
    elif query is not None or key is not None:
        found = Shadow(torch.full((1,) * out.dim(), MIXED), call.lost())
    return (found,) + (None,) * (len(call.out) - 1) if isinstance(call.out, tuple | list) else found


def _heads(call: Call, query: Shadow, key: Shadow) -> None:
    if call["query"].shape[-3] != call["key"].shape[-3]:
        return _end(call, query, key)
    return _contract(call, query, key, -1, -1)
