"""Which neuron each entry of a tensor belongs to, held as small as it varies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

CONSTANT = -2
"""An entry that depends on no neuron: parameters, masks, positions."""
MIXED = -1
"""An entry that depends on many neurons: an attention score, a mean over neurons."""
RAW = 1 << 40
"""Numbers from here on are elements of the model's input, not yet neurons."""


@dataclass(frozen=True)
class Lost:
    """Where entries stopped belonging to neurons, and which units went in there.

    Attributes
    ----------
    ends
        Whether neurons end there by nature: in attention scores, in means over neurons. Such
        values may scale or shift other neurons without anything being lost.
    """

    operation: str
    where: str
    units: tuple[tuple[int, int], ...] = ()
    ends: bool = False


@dataclass(eq=False)
class Shadow:
    """The neurons behind a tensor.

    Attributes
    ----------
    ids
        Numbers of units, int64, of the tensor's rank; of length 1 along every dimension along
        which they do not vary.
    lost
        Where `MIXED` entries come from.
    module
        The module, if any, whose output holds these neurons, position for position.
    real
        The shadow of the real view of a complex tensor.
    """

    ids: Tensor
    lost: Lost | None = None
    module: str | None = None
    real: Shadow | None = None

    @property
    def follows(self) -> bool:
        """Whether any entry belongs to a neuron or to the input."""
        return bool((self.ids >= 0).any())

    @property
    def raw(self) -> bool:
        """Whether all that is known here are elements of the input."""
        known = self.ids[self.ids >= 0]
        return known.numel() > 0 and bool((known >= RAW).all())


def compact(ids: Tensor) -> Tensor:
    """Return the same neurons with length 1 along every dimension where they do not vary."""
    for dimension in range(ids.dim()):
        if ids.shape[dimension] > 1:
            first = ids.narrow(dimension, 0, 1)
            if ids.stride(dimension) == 0 or bool((ids == first).all()):
                ids = first
    return ids


def absorbed(ids: Tensor) -> Tensor:
    """Give constant entries the neuron that all others at their place along a dimension have."""
    known = ids[ids >= 0]
    if known.numel() == 0 or known.numel() == ids.numel() or bool((known == known[0]).all()):
        return compact(ids)
    for dimension in range(ids.dim()):
        if ids.shape[dimension] > 1 and bool((ids == CONSTANT).any()):
            most = ids.amax(dimension, keepdim=True)
            if bool(((ids == most) | (ids == CONSTANT)).all()):
                ids = most
    return compact(ids)


def reshaped(ids: Tensor, old: tuple[int, ...], new: tuple[int, ...]) -> Tensor:
    """Follow a view from a shape to another with as many entries in the same order."""
    before: list[int] = []
    after: list[int] = []
    i = j = 0
    while i < len(old) or j < len(new):
        i0, j0 = i, j
        a, i = (old[i], i + 1) if i < len(old) else (1, i)
        b, j = (new[j], j + 1) if j < len(new) else (1, j)
        while a != b:
            if a < b:
                a, i = a * old[i], i + 1
            else:
                b, j = b * new[j], j + 1
        varies = any(ids.shape[d] > 1 for d in range(i0, i))
        before += [old[d] if varies else 1 for d in range(i0, i)]
        after += [new[d] if varies else 1 for d in range(j0, j)]
    return compact(ids.expand(before).reshape(after))


def full(ids: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return the neurons of every entry, as a view."""
    return ids.reshape((1,) * (len(shape) - ids.dim()) + tuple(ids.shape)).expand(shape)


def widened(ids: Tensor, rank: int) -> Tensor:
    """Add dimensions of length 1 in front, as broadcasting does."""
    return ids.reshape((1,) * (rank - ids.dim()) + tuple(ids.shape))


def runs(*columns: Tensor) -> list[tuple[int, ...]]:
    """Split aligned columns of numbers into stretches along which all grow by one.

    Returns
    -------
    list of tuple
        The first number of each column, then the length.
    """
    n = columns[0].numel()
    if n == 0:
        return []
    breaks = torch.zeros(n, dtype=torch.bool)
    breaks[0] = True
    for column in columns:
        breaks[1:] |= column[1:] != column[:-1] + 1
    starts = breaks.nonzero()[:, 0]
    lengths = torch.diff(starts, append=torch.tensor([n]))
    firsts = [column[starts].tolist() for column in columns]
    return list(zip(*firsts, lengths.tolist()))


def is_scattered(pieces: list[tuple[int, ...]]) -> bool:
    """Whether neurons come in so many pieces that their order has no meaning any more."""
    total = sum(piece[-1] for piece in pieces)
    return len(pieces) > 256 or (len(pieces) > 4 and total < 3 * len(pieces))


def tensors(value: Any) -> list[Tensor]:
    """Return the tensors inside nested tuples, lists and dictionaries."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple | list):
        return [tensor for part in value for tensor in tensors(part)]
    return []


def mapped(value: Any, change: Any) -> Any:
    """Replace the tensors inside nested tuples, lists and dictionaries."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, dict):
        return {key: mapped(part, change) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return type(value)([mapped(part, change) for part in value]) if type(value) in (
            tuple, list) else [mapped(part, change) for part in value]  # fmt: skip
    return value


def numel(shape: tuple[int, ...]) -> int:
    """Return the number of entries of a shape."""
    return math.prod(shape)


def ranked(ids: Tensor, rank: int) -> Tensor:
    """Bring ids to a rank by dimensions of length 1 in front."""
    while ids.dim() > rank and ids.shape[0] == 1:
        ids = ids[0]
    return widened(ids, rank) if ids.dim() <= rank else torch.full((1,) * rank, MIXED)
