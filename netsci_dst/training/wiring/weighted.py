"""Products by a weight: layers, convolutions and embeddings."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from .call import Call, handles
from .layers import outputs
from .shadow import MIXED, Shadow, ranked, widened
from .weights import Ghost, Piece


def by_weight(
    call: Call,
    ghost: Ghost,
    value: Tensor,
    axis: int,
    source: tuple[int, int],
    target: tuple[int, int],
) -> Shadow | None:
    """Follow a product of values and a weight, or a parameter of no known kind of layer."""
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
    return Shadow(ranked(ids, call.out.dim()), shadow.lost)


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


def mixed_if_known(call: Call) -> Shadow | None:
    """Return mixed values if any argument has neurons."""
    given = [t for t in call.given.values() if isinstance(t, Tensor)]
    if not any(call.shadow(t) for t in given):
        return None
    return Shadow(torch.full((1,) * call.out.dim(), MIXED), call.lost())


@handles("_trilinear")
def trilinear(call: Call) -> Shadow | None:
    """Follow a bilinear layer, whose weight is no matrix: it stays dense."""
    return mixed_if_known(call)
