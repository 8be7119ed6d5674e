"""Exactly k of n, by score with ties at random, for many layers at once and without waiting.

A score and a random number make one key, so that no two positions have equal keys: the k-th largest
key is the threshold, and what reaches it is the choice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from . import draws as draw

_TOP = 1 << 62
# Of the 23 bits of a float32, or the 52 of a float64: sums in different orders differ in the last.
_DROPPED_BITS = {torch.float32: 6, torch.float64: 16}
LOWEST = -1e38  # below every score and every clock, above -inf


def clocked(scores: Tensor, exponent: float, chance: Tensor) -> Tensor:
    """Return scores whose k largest are a draw without replacement with weights ``s ** exponent``.

    Gumbel's trick: log of the weight minus log of an exponential waiting time, here divided by the
    exponent, which changes no order. Scores of 0 become ``-inf``. ``exponent`` infinity leaves the
    scores as they are; 0 is not for here.
    """
    if exponent == float("inf"):
        return scores
    dtype = scores.dtype if scores.dtype == torch.float64 else torch.float32
    return scores.to(dtype).log().sub_(draw.log_waiting(chance, dtype), alpha=1 / exponent)


def dropped_bits(dtype: torch.dtype) -> int:
    """Return how many bits of a score tell nothing."""
    return _DROPPED_BITS[dtype]


def tied(scores: Tensor) -> Tensor:
    """Let scores that differ by rounding errors only tie, so that chance decides between them."""
    dropped = _DROPPED_BITS[scores.dtype]
    bits = scores.contiguous().view(torch.int32 if dropped == 6 else torch.int64)
    return bits.add(1 << (dropped - 1)).bitwise_and_(-(1 << dropped)).view(scores.dtype)


def counted(mask: Tensor) -> Tensor:
    """Return how many entries of each row of ``(rows, …)`` are true."""
    flat = mask.flatten(1)
    if draw.compiled(flat):
        return torch.from_numpy(np.count_nonzero(flat.numpy(), axis=1).astype(np.int64))
    return flat.sum(1)


def best(scores: Tensor, chance: Tensor, counts: Sequence[int]) -> Tensor:
    """Return which entries are the ``counts[i]`` largest of each row.

    Parameters
    ----------
    scores
        Shape ``(rows, n)``; equal ones are ordered by ``chance``, and so are doubles that differ by
        rounding errors: other ways of adding up would choose other links.
    chance
        Int64 in ``[0, 2**32)``, different within a row, the same shape.

    Returns
    -------
    Tensor
        Bool, exactly ``counts[i]`` per row.
    """
    if scores.dtype != torch.float64:
        return largest(
            ordered(scores, torch.float32).bitwise_left_shift_(32).bitwise_or_(chance), counts
        )
    # A double fills the whole key: first by the score alone, then the tied ones by chance.
    keys = ordered(tied(scores), torch.float64)
    least = _thresholds(keys, counts)
    by_chance = torch.where(keys == least, chance, -1)
    return largest(torch.where(keys > least, _TOP, by_chance), counts)


def best_per_row(scores: Tensor, chance: Tensor, counts: Tensor) -> Tensor:
    """Do the same with the number of each row in a tensor ``(rows,)`` on the device."""
    keys = (ordered(scores.to(torch.float32), torch.float32) << 32).bitwise_or_(chance)
    order = keys.sort(-1, descending=True).values
    place = (counts.unsqueeze(-1) - 1).clamp_(min=0)
    return (keys >= order.gather(-1, place)) & (counts > 0).unsqueeze(-1)


def best_of_all(
    parts: Sequence[tuple[Tensor, Tensor]], count: int, room: Sequence[Tensor]
) -> list[Tensor]:
    """Return which entries are the ``count`` largest over several tensors together.

    Parameters
    ----------
    parts
        Scores and chance of each tensor.
    room
        Bool of the same shapes: entries that may be chosen.
    """
    keys = []
    for (scores, chance), inside in zip(parts, room):
        high = ordered(scores.to(torch.float32), torch.float32) << 32
        keys.append(torch.where(inside, high | chance, -(1 << 63)))
    count = min(count, sum(int(inside.sum()) for inside in room))
    least = _bisected(keys, count)
    if not count:
        return [torch.zeros_like(inside) for inside in room]
    chosen = [part >= least for part in keys]
    extra = sum(int(part.sum()) for part in chosen) - count
    for part, mask in zip(keys, chosen):
        if extra <= 0:
            break
        # The same score and number in two layers: which of them goes makes no difference.
        equal = (part == least).nonzero()[:extra]
        mask[tuple(equal.t())] = False
        extra -= len(equal)
    return chosen


def _bisected(keys: Sequence[Tensor], count: int) -> Tensor:
    """Return the ``count``-th largest of all keys, by halving the range bit by bit."""
    device = keys[0].device
    low = torch.full((), -(1 << 63), dtype=torch.int64, device=device)
    for bit in range(63, -1, -1):
        # The first step adds 2**63, which in 64 bits wraps from the lowest number to 0.
        middle = low + (1 << bit) if bit < 63 else torch.zeros_like(low)
        above = sum(((part >= middle).sum() for part in keys), torch.zeros_like(low))
        low = torch.where(above >= count, middle, low)
    return low


def largest(keys: Tensor, counts: Sequence[int]) -> Tensor:
    """Return which entries are the ``counts[i]`` largest of each row of different int64 keys."""
    return keys >= _thresholds(keys, counts)


def _thresholds(keys: Tensor, counts: Sequence[int]) -> Tensor:
    """Return the ``counts[i]``-th largest key of each row, ``(rows, 1)``."""
    n = keys.shape[-1]
    if len(set(counts)) == 1:
        return _kth(keys, counts[0], n)
    most = max(counts)
    if not draw.compiled(keys) and 2 * most <= n:
        best_first = keys.topk(most, sorted=True).values
        places = draw.sent([[max(0, count - 1)] for count in counts], keys.device)
        least = best_first.gather(-1, places)
        if min(counts) > 0:
            return least
        none = draw.sent([[count <= 0] for count in counts], keys.device)
        return least.masked_fill(none, (1 << 63) - 1)
    rows = [_kth(row, count, n) for row, count in zip(keys.unbind(0), counts)]
    return torch.stack(rows)


def _kth(keys: Tensor, count: int, n: int) -> Tensor:
    if count <= 0:
        return keys.new_full((*keys.shape[:-1], 1), (1 << 63) - 1)
    if draw.compiled(keys):
        ordered = np.partition(keys.numpy(), n - count, axis=-1)
        return torch.from_numpy(ordered[..., n - count, None])
    if 2 * count <= n:
        return keys.topk(count, sorted=False).values.amin(-1, keepdim=True)
    return keys.topk(n - count + 1, largest=False, sorted=False).values.amax(-1, keepdim=True)


def ordered(scores: Tensor, dtype: torch.dtype) -> Tensor:
    """Return int64 that compare as the scores do."""
    double = dtype == torch.float64
    bits = scores.to(dtype).contiguous().view(torch.int64 if double else torch.int32)
    limit = (1 << 63) - 1 if double else (1 << 31) - 1
    bits = (bits >> (63 if double else 31)).bitwise_and_(limit).bitwise_xor_(bits)
    return bits if double else bits.to(torch.int64)
