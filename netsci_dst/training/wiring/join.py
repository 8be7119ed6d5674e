"""Join the neurons of several tensors in sums and products, position by position."""

from __future__ import annotations

from bisect import bisect_right

import torch
from torch import Tensor

from .call import Call
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
    is_scattered,
    runs,
    widened,
)


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
    a, b = _neurons(call, a, b, shape), _neurons(call, b, a, shape)  # type: ignore[assignment]
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
    return sorted(
        [[(theirs, own - first, n) for theirs, own, n in stretch] for stretch in operands]
    )


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
