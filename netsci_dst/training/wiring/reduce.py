"""Reductions: over positions they keep neurons, over populations they join them."""

from __future__ import annotations

import torch
from torch import Tensor

from .call import Call, handles
from .join import joined
from .pointwise import pointwise
from .shadow import MIXED, Shadow, full, runs


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
