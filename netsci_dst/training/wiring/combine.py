"""Operations entry by entry, and reductions: they keep neurons, or join several populations."""

from __future__ import annotations

from bisect import bisect_right

import torch
from torch import Tensor

from .call import Call, handles
from .layers import ranges
from .record import Join, Record
from .shadow import (
    CONSTANT,
    MIXED,
    RAW,
    Lost,
    Shadow,
    absorbed,
    compact,
    full,
    is_scattered,
    runs,
    widened,
)

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


def joined(call: Call, shadows: list[Shadow], kind: str) -> Shadow | None:
    """Return the neurons of a sum or product of several tensors, broadcast to the output."""
    shape = tuple(call.out.shape)
    found = shadows[0]
    ids, lost = widened(found.ids, len(shape)), found.lost
    for other in shadows[1:]:
        ids, fresh = _two(call, ids, widened(other.ids, len(shape)), kind, shape)
        lost = lost or other.lost or fresh
    return Shadow(ids, lost)


def _two(
    call: Call, a: Tensor, b: Tensor, kind: str, shape: tuple[int, ...]
) -> tuple[Tensor, Lost | None]:
    if a.shape == b.shape and torch.equal(a, b):
        return a, None
    a, b = absorbed(a), absorbed(b)
    a, b = _neurons(call, a, b, shape), _neurons(call, b, a, shape)
    if a is None or b is None:
        return call.over.fresh_ids(call.out), None
    a, b = torch.broadcast_tensors(a, b)
    if torch.equal(a, b):
        return compact(a), None
    known = (a >= 0) & (b >= 0)
    if not bool(known.any()):
        return compact(torch.maximum(a, b)), None
    pairs = torch.unique(torch.stack([a[known], b[known]], 1), dim=0)
    of_a, of_b = torch.unique(pairs[:, 0]), torch.unique(pairs[:, 1])
    n = pairs.shape[0]
    if of_a.numel() == of_b.numel() and torch.equal(of_a, of_b):
        return compact(torch.where(a >= 0, a, b)), None  # a rotation among the same neurons
    if of_a.numel() == n and of_b.numel() == n:
        if includes(call.over.record, pairs[:, 0], pairs[:, 1]):
            return compact(torch.where(a >= 0, a, b)), None
        if includes(call.over.record, pairs[:, 1], pairs[:, 0]):
            return compact(torch.where(b >= 0, b, a)), None
        return _join(call, a, b, kind)
    if of_a.numel() >= of_b.numel():
        larger, smaller, ended = a, b, of_b
    else:
        larger, smaller, ended = b, a, of_a
    call.over.record.ended += ranges(ended)
    if kind == "sum" and n > max(of_a.numel(), of_b.numel()):
        _cross(call)
    return compact(torch.where(larger >= 0, larger, smaller)), None


def _neurons(call: Call, ids: Tensor, other: Tensor, shape: tuple[int, ...]) -> Tensor | None:
    """Turn elements of the input into neurons, by the axis along which the partner's lie.

    Returns None where both are elements of the input.
    """
    if not bool((ids >= RAW).any()):
        return ids
    if bool((other >= RAW).any()):
        return None
    axes = [d for d in range(other.dim()) if other.shape[d] > 1]
    if len(axes) != 1 or ids.shape[axes[0]] != other.shape[axes[0]]:
        return torch.full_like(ids, MIXED) if len(axes) == 1 else torch.where(
            ids >= RAW, CONSTANT, ids)  # fmt: skip
    rows = ids.movedim(axes[0], -1)
    rows = call.over.reader.settle(rows.reshape(-1, rows.shape[-1]))
    lengths = [1] * ids.dim()
    lengths[axes[0]] = ids.shape[axes[0]]
    return rows.max(0).values.reshape(lengths)


def _join(call: Call, a: Tensor, b: Tensor, kind: str) -> tuple[Tensor, Lost | None]:
    one, other = a.reshape(-1), b.reshape(-1)
    both = (one >= 0) & (other >= 0)
    # A neuron that meets another somewhere is that pair's also where it stands alone.
    one = one.masked_fill(~both & torch.isin(one, one[both]), MIXED)
    other = other.masked_fill(~both & torch.isin(other, other[both]), MIXED)
    key = torch.stack([one, other], 1).clamp(min=MIXED)
    key = key[(key >= 0).any(1)]
    units = torch.unique(key, dim=0)
    order = torch.argsort(torch.where(units[:, 0] >= 0, units[:, 0], units[:, 1]))
    units = units[order]
    first = call.over.record.n_units
    own = torch.arange(first, first + units.shape[0])
    parts: list[list[tuple[int, int, int]]] = []
    for column in (0, 1):
        has = units[:, column] >= 0
        mine, ours = units[has, column], own[has]
        sort = torch.argsort(mine)
        pieces = runs(mine[sort], ours[sort])
        if is_scattered(pieces):
            return _disordered(call, units)
        parts.append([(piece[0], piece[1], piece[2]) for piece in pieces])
    known = _known(call.over.record, parts, first)
    if known is not None:
        known.kind = "sum" if kind == "sum" else known.kind
        return compact(_mapped(a, b, units, own - first + known.first)), None
    call.over.record.birth(call.over.where or call.name, units.shape[0])
    call.over.record.joins.append(Join(kind, first, units.shape[0], parts))
    return compact(_mapped(a, b, units, own)), None


def _known(record: Record, operands: list[list[tuple[int, int, int]]], first: int) -> Join | None:
    """Return the join of the same operands that was found before."""
    wanted = _relative(operands, first)
    return next((j for j in record.joins if _relative(j.operands, j.first) == wanted), None)


def _relative(operands: list[list[tuple[int, int, int]]], first: int) -> list[list]:
    return sorted([[(theirs, own - first, n) for theirs, own, n in each] for each in operands])


def includes(record: Record, units: Tensor, others: Tensor) -> bool:
    """Return whether units are sums or products that the others are already part of.

    So the state of a recurrence stays one population, however many steps it takes.
    """
    by_first = {join.first: join for join in record.joins}
    firsts = sorted(by_first)
    waiting, seen = [units], set()
    while waiting and len(seen) < 64:
        now = waiting.pop()
        place = bisect_right(firsts, int(now[0])) - 1
        if place < 0 or int(now[0]) in seen:
            continue
        seen.add(int(now[0]))
        join = by_first[firsts[place]]
        for operand in join.operands:
            before = torch.full_like(now, -1)
            for theirs, own, n in operand:
                inside = (now >= own) & (now < own + n)
                before[inside] = now[inside] - own + theirs
            if torch.equal(before, others):
                return True
            if bool((before >= 0).all()):
                waiting.append(before)
    return False


def _mapped(a: Tensor, b: Tensor, units: Tensor, own: Tensor) -> Tensor:
    out = torch.maximum(a, b).clone()
    for column, ids in ((0, a), (1, b)):
        has = units[:, column] >= 0
        mine, ours = units[has, column], own[has]
        order = torch.argsort(mine)
        mine, ours = mine[order], ours[order]
        place = torch.searchsorted(mine, ids.clamp(min=0)).clamp(max=mine.numel() - 1)
        hit = (ids >= 0) & (mine[place] == ids)
        out = torch.where(hit, ours[place], out)
    return out


def _disordered(call: Call, units: Tensor) -> tuple[Tensor, Lost]:
    known = torch.unique(units[units >= 0])
    lost = Lost(call.name, call.over.where, tuple(ranges(known)))
    return torch.full((1,) * call.out.dim(), MIXED), lost


def _cross(call: Call) -> None:
    call.over.record.broken(
        call.name,
        call.over.where,
        "every neuron of a population meets every one of another; only the larger is followed",
    )


@handles("mean", "sum", "amax", "amin", "max", "min", "var", "std", "var_mean", "std_mean",
         "norm", "linalg_vector_norm", "logsumexp", "prod", "nansum", "median", "mode",
         "kthvalue", "any", "all", "argmax", "argmin", "count_nonzero", "nanmean",
         "aminmax", "topk", "sort", "cummax", "cummin")  # fmt: skip
def reduced(call: Call) -> tuple[Shadow | None, ...] | Shadow | None:
    """Follow a reduction: over positions it keeps neurons, over populations it joins them."""
    if call.get("other") is not None:
        return pointwise(call)
    shadow = call.shadow(call["self"])
    if shadow is None:
        return None
    outs = call.out if isinstance(call.out, tuple | list) else (call.out,)
    found = tuple(_reduce(call, shadow, out) for out in outs)
    return found if isinstance(call.out, tuple | list) else found[0]


_ADDING = {"sum", "mean", "nansum", "nanmean", "amax", "amin", "max", "min", "logsumexp"}


def _reduce(call: Call, shadow: Shadow, out: Tensor) -> Shadow | None:
    rank = call["self"].dim()
    dims = _dims(call, rank)
    keeps = out.dim() == rank
    constant = all(shadow.ids.shape[d] == 1 for d in dims)
    if constant and (out.is_floating_point() or not shadow.follows):
        ids = shadow.ids
        if not keeps:
            for d in sorted(dims, reverse=True):
                ids = ids.squeeze(d)
        return Shadow(ids, shadow.lost, shadow.module)
    if shadow.raw and out.is_floating_point():
        return call.over.fresh_input(out)
    adds = call.name in _ADDING and out.is_floating_point()
    if adds and len(dims) == 1 and out.dim() in (rank, rank - 1):
        slices = _slices(shadow.ids, dims[0], tuple(call["self"].shape))
        if slices is not None:
            shadows = [Shadow(s if keeps else s.squeeze(dims[0]), shadow.lost) for s in slices]
            if all(tuple(full(s.ids, tuple(out.shape)).shape) == tuple(out.shape) for s in shadows):
                one = Call(call.over, call.function, call.name, call.given, call.args,
                           call.kwargs, out)  # fmt: skip
                return joined(one, shadows, "sum")
    return Shadow(torch.full((1,) * out.dim(), MIXED), call.lost())


def _dims(call: Call, rank: int) -> list[int]:
    dim = call.get("dim", call.get("axis"))
    if call.name in ("topk", "sort", "kthvalue", "mode") and dim is None:
        dim = -1
    if dim is None or dim == []:
        return list(range(rank))
    dims = [dim] if isinstance(dim, int) else list(dim)
    return [d % max(rank, 1) for d in dims]


def _slices(ids: Tensor, dim: int, shape: tuple[int, ...]) -> list[Tensor] | None:
    """Return the populations stacked along a dimension, where each varies along others only."""
    n = ids.shape[dim]
    if n > 64 or ids.numel() == n:
        return None
    slices = list(ids.split(1, dim))
    sets = [torch.unique(s[s >= 0]) for s in slices]
    size = sum(s.numel() for s in sets)
    whole = torch.unique(torch.cat(sets)).numel() if size else 0
    if whole != size or any(2 * len(runs(s)) > s.numel() for s in sets):
        return None
    return slices


@handles(
    "softmax", "_softmax", "log_softmax", "_log_softmax", "_safe_softmax", "cumsum", "cumprod",
    "logcumsumexp", "renorm", "native_dropout", "dropout", "rms_norm", "layer_norm",
    "native_layer_norm", "native_group_norm", "native_batch_norm", "batch_norm",
    "_native_batch_norm_legit", "_native_batch_norm_legit_no_training",
    "_native_batch_norm_legit_functional", "cudnn_batch_norm", "miopen_batch_norm",
    "_batch_norm_no_update", "_batch_norm_with_update", "batch_norm_elemt", "_fused_rms_norm",
    "clone", "_to_copy", "to", "contiguous", "detach", "alias", "lift_fresh", "lift", "tril",
    "triu", "bernoulli", "rrelu_with_noise", "prelu", "_prelu_kernel", "glu_jvp", "nan_to_num",
    "positive", "type_as", "threshold", "masked_fill", "fake_quantize_per_tensor_affine",
    "log_sigmoid_forward", "log_sigmoid", "local_response_norm", "pin_memory", "hardtanh",
    "requires_grad", "hardswish", "hardsigmoid",
    "mish", "relu6", "detach_copy", "alias_copy", "_weight_norm", "_masked_softmax", "softplus",
    "_conj", "resolve_conj", "resolve_neg", "_neg_view", "real", "imag", "round", "renorm",
)  # fmt: skip
def keep(call: Call) -> tuple[Shadow | None, ...] | Shadow | None:
    """Follow what keeps every neuron at its place: norms, softmax, activations, copies."""
    first = call.given.get("input", call.given.get("self"))
    shadow = call.shadow(first)
    out = call.out[0] if isinstance(call.out, tuple | list) else call.out
    if shadow is None:
        return None
    if shadow.follows and not (out.is_floating_point() or out.is_complex()):
        shadow = Shadow(torch.full((1,) * out.dim(), MIXED), call.lost())
    else:
        copies = call.name in ("clone", "_to_copy", "detach", "alias", "contiguous", "lift_fresh")
        shadow = Shadow(shadow.ids, shadow.lost, shadow.module if copies else None, shadow.real)
    return (
        (shadow,) + (None,) * (len(call.out) - 1) if isinstance(call.out, tuple | list) else shadow
    )


@handles("glu")
def glu(call: Call) -> Shadow | None:
    """Follow a gated linear unit: the halves are a product."""
    shadow = call.shadow(call["self"])
    if shadow is None:
        return None
    dim = call.get("dim", -1) % call["self"].dim()
    if shadow.ids.shape[dim] == 1:
        return Shadow(shadow.ids, shadow.lost)
    halves = [Shadow(compact(half), shadow.lost) for half in shadow.ids.chunk(2, dim)]
    return joined(call, halves, "product")


@handles("copy")
def copy(call: Call) -> Shadow | None:
    """Follow values that are written over a tensor."""
    shadow = call.shadow(call["src"])
    if shadow is None:
        return None
    if not call.out.is_floating_point() and shadow.follows:
        return Shadow(torch.full((1,) * call.out.dim(), MIXED), call.lost())
    return Shadow(widened(shadow.ids, call.out.dim()), shadow.lost)


@handles("max_pool2d_with_indices", "max_pool3d_with_indices", "max_pool1d", "max_pool2d",
         "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d",
         "adaptive_avg_pool2d", "adaptive_avg_pool3d", "_adaptive_avg_pool2d",
         "_adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
         "adaptive_max_pool3d", "fractional_max_pool2d", "fractional_max_pool3d",
         "reflection_pad1d", "reflection_pad2d", "reflection_pad3d", "replication_pad1d",
         "replication_pad2d", "replication_pad3d", "upsample_nearest1d", "upsample_nearest2d",
         "upsample_nearest3d", "upsample_bilinear2d", "_upsample_bilinear2d_aa",
         "upsample_bicubic2d", "_upsample_bicubic2d_aa", "upsample_trilinear3d",
         "upsample_linear1d", "_upsample_nearest_exact1d", "_upsample_nearest_exact2d",
         "_upsample_nearest_exact3d", "grid_sampler", "grid_sampler_2d", "grid_sampler_3d",
         "max_unpool2d", "max_unpool3d", "mkldnn_max_pool2d", "quantized_max_pool2d",
         "roi_align", "roi_pool", "ps_roi_align")  # fmt: skip
def spatial(call: Call) -> tuple[Shadow | None, ...] | Shadow | None:
    """Follow poolings, paddings and resizing, which mix positions of one channel."""
    shadow = call.shadow(call.given.get("self", call.given.get("input")))
    out = call.out[0] if isinstance(call.out, tuple | list) else call.out
    if shadow is None:
        return None
    source = call.given.get("self", call.given.get("input"))
    changed = [d for d in range(-1, -out.dim(), -1) if _is_spatial(d, out.dim(), source)]
    if shadow.raw:
        found: Shadow | None = call.over.fresh_input(out)
    elif any(shadow.ids.shape[d] > 1 for d in changed):
        found = Shadow(torch.full((1,) * out.dim(), MIXED), call.lost())
    else:
        found = Shadow(shadow.ids, shadow.lost, shadow.module)
    return (found,) + (None,) * (len(call.out) - 1) if isinstance(call.out, tuple | list) else found


def _is_spatial(dimension: int, rank: int, source: Tensor) -> bool:
    spatial_dims = max(rank - 2, 1) if rank >= 3 else 1
    return -dimension <= spatial_dims
