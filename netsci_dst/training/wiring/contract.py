"""Products that sum over an axis: layers, q·k, and sums over positions."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from .call import Call, handles
from .combine import joined
from .layers import outputs, ranges
from .shadow import MIXED, RAW, Shadow, compact, is_scattered, runs, widened
from .weights import Ghost, Piece


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


def mixed_if_known(call: Call) -> Shadow | None:
    """Return mixed values if any argument has neurons."""
    given = [t for t in call.given.values() if isinstance(t, Tensor)]
    if not any(call.shadow(t) for t in given):
        return None
    return Shadow(torch.full((1,) * call.out.dim(), MIXED), call.lost())


def _multiplied(call: Call, left: Tensor, right: Tensor) -> Shadow | None:
    a, b = call.over.weights.get(left), call.over.weights.get(right)
    if a is not None and b is not None:
        a, b = (None, b) if call.over.weights.is_listed(b) else (a, None)
    if b is not None and a is None and right.dim() >= 2:
        return _by_weight(call, b, left, -1, (right.shape[-2], -2), (right.shape[-1], -1))
    if a is not None and b is None and left.dim() >= 2:
        axis = -1 if right.dim() == 1 else -2
        return _by_weight(call, a, right, axis, (left.shape[-1], -1), (left.shape[-2], -2))
    return _between(call, left, right)


def _by_weight(
    call: Call,
    ghost: Ghost,
    value: Tensor,
    axis: int,
    source: tuple[int, int],
    target: tuple[int, int],
) -> Shadow | None:
    place = ghost.place
    if any(n > 1 and stride for n, stride in zip(place.shape[:-2], place.stride()[:-2])):
        pieces = None
    else:
        ends = [(n, place.stride(dim)) for n, dim in (source, target)]
        pieces = call.over.weights.pieces(ghost, ends[0], ends[1])
    if pieces is None:
        return _unlisted(call, ghost, value, axis, target[0])
    out_axis = -1 if axis == -1 and call.out.dim() and value.shape[-1] == source[0] and (
        target[1] == -1) else -2  # fmt: skip
    if call.out.dim() == 1:
        out_axis = -1
    return _layer(call, ghost, pieces, value, axis, out_axis, target[0])


def _layer(
    call: Call,
    ghost: Ghost,
    pieces: list[Piece],
    value: Tensor,
    axis: int,
    out_axis: int,
    n_target: int,
    splits: bool = True,
) -> Shadow | None:
    over, name = call.over, pieces[0].view.name
    shadow = over.shadow(value)
    if ghost.altered:
        over.record.broken(
            ghost.altered,
            name,
            f"the weight that is used is computed from {ghost.parameter}: where a link is absent "
            "it may not be zero",
            stops=False,
        )
    if shadow is not None and _mixes_positions(shadow, axis, value):
        return _over_positions(call, pieces, value, axis, shadow)
    out = call.out
    ids = torch.full((n_target,), MIXED)
    row = over.reader.segments(shadow, tuple(value.shape), axis, pieces[0].view.name)
    for piece in pieces:
        first = over.layers.use(piece.view, row, splits)
        size = piece.view.neurons[1]
        if size != n_target and len(pieces) == 1:
            ids = torch.arange(first, first + size)
        else:
            ids[piece.target : piece.target + size] = torch.arange(first, first + size)
    lengths = [1] * out.dim()
    lengths[out_axis] = ids.numel()
    return Shadow(ids.reshape(lengths))


def _mixes_positions(shadow: Shadow, axis: int, value: Tensor) -> bool:
    """Whether along the axis lie positions of the same neuron, and neurons along another."""
    ids = widened(shadow.ids, value.dim())
    along = ids.shape[axis] == 1
    known = shadow.follows and not shadow.raw
    return along and known and value.shape[axis] > 1 and ids.numel() > 1


def _over_positions(
    call: Call, pieces: list[Piece], value: Tensor, axis: int, shadow: Shadow
) -> Shadow:
    # A weight between positions, as an MLP-Mixer's: what it mixes are values of one neuron.
    over = call.over
    for piece in pieces:
        view = piece.view
        if view.name not in over.record.uses:
            own = over.reader.own(view.name, view.neurons[0])
            over.layers.use(view, (own,))
    over.record.broken(
        "mixing of positions",
        pieces[0].view.name,
        "its links lie between positions, not neurons: it joins populations of its own",
    )
    return Shadow(widened(shadow.ids, call.out.dim()), shadow.lost)


def _unlisted(call: Call, ghost: Ghost, value: Tensor, axis: int, n_target: int) -> Shadow | None:
    shadow = call.shadow(value)
    if shadow is None:
        return None
    found = _between_ids(call, shadow, None, value, axis)
    if found is not None:
        return found
    if shadow.follows and not shadow.raw and not call.over.weights.is_listed(ghost):
        call.over.record.broken(
            f"product with {ghost.parameter}",
            call.over.where,
            "the parameter is of no known kind of layer: it stays dense, and populations before "
            "and behind it are followed apart",
        )
    lost = replace(call.lost(), ends=False)
    return Shadow(torch.full((1,) * call.out.dim(), MIXED), lost)


def _between_ids(
    call: Call, shadow: Shadow, other: Shadow | None, value: Tensor, axis: int
) -> Shadow | None:
    """Pass neurons on through a sum over positions by a parameter."""
    ids = widened(shadow.ids, value.dim())
    if ids.shape[axis] != 1 or not shadow.follows:
        return None
    return Shadow(_ranked(ids, call.out.dim()), shadow.lost)


def _ranked(ids: Tensor, rank: int) -> Tensor:
    while ids.dim() > rank and ids.shape[0] == 1:
        ids = ids[0]
    return widened(ids, rank) if ids.dim() <= rank else torch.full((1,) * rank, MIXED)


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
    return Shadow(_ranked(ids, call.out.dim()), shadow.lost)


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


@handles("convolution", "_convolution", "convolution_overrideable", "cudnn_convolution",
         "mkldnn_convolution", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
         "conv_transpose2d", "conv_transpose3d", "cudnn_convolution_transpose",
         "conv_depthwise3d", "_conv_depthwise2d", "slow_conv3d", "thnn_conv2d")  # fmt: skip
def convolution(call: Call) -> Shadow | None:
    """Follow a convolution: channels feed channels."""
    value, weight = call.get("input", call.get("self")), call["weight"]
    shadow, ghost = call.shadow(value), call.over.weights.get(weight)
    transposed = bool(call.get("transposed", "transpose" in call.name))
    axis = 1 - weight.dim()
    if ghost is None:
        return _by_values(call, shadow, weight)
    pieces = call.over.weights.rows(ghost, not transposed)
    if pieces is None:
        return _unlisted(call, ghost, value, axis, call.out.shape[axis])
    n_target = call.out.shape[axis]
    return _layer(call, ghost, pieces, value, axis, axis, n_target)


def _by_values(call: Call, shadow: Shadow | None, weight: Tensor) -> Shadow | None:
    groups = call.get("groups", 1)
    axis = 1 - weight.dim()
    if shadow is None:
        return mixed_if_known(call)
    if shadow.raw:
        return call.over.fresh_input(call.out)
    depthwise = call.out.shape[axis] == call["input"].shape[axis] == groups
    if depthwise or shadow.ids.shape[axis] == 1:
        return Shadow(shadow.ids, shadow.lost)
    return Shadow(torch.full((1,) * call.out.dim(), MIXED), call.lost())


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


@handles("embedding", "embedding_bag", "_embedding_bag", "_embedding_bag_forward_only")
def embedding(call: Call) -> tuple[Shadow | None, ...] | Shadow | None:
    """Follow a look-up: the rows of the table are neurons, one active at a time."""
    out = call.out[0] if isinstance(call.out, tuple | list) else call.out
    ghost = call.over.weights.get(call["weight"])
    pieces = None if ghost is None else call.over.weights.rows(ghost, False)
    index = call.shadow(call["indices"])
    found = None
    if pieces is not None and len(pieces) == 1:
        view = pieces[0].view
        if index is not None:
            call.over.reader.lose(index.lost, view.name)
        first = call.over.layers.embedding(view)
        found = Shadow(outputs(first, view.n_target, tuple(out.shape), -1))
    elif (shadow := call.shadow(call["weight"])) is not None and shadow.ids.shape[0] == 1:
        found = Shadow(widened(shadow.ids[0], out.dim()), shadow.lost)
    return (found,) + (None,) * (len(call.out) - 1) if isinstance(call.out, tuple | list) else found


@handles("_trilinear")
def trilinear(call: Call) -> Shadow | None:
    """Follow a bilinear layer, whose weight is no matrix: it stays dense."""
    return mixed_if_known(call)
