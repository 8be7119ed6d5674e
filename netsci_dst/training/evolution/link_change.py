"""What an update does to the list of links of one layer."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from .absent import contains


class Change(NamedTuple):
    """What an update does to one layer: links to keep, and links to add with their weights."""

    keep: Tensor
    keys: Tensor
    values: Tensor


def spared(change: Change, before: Tensor) -> Change:
    """Let links that come back count as ones that never went."""
    order = before.argsort()
    ordered = before[order]
    back = contains(ordered, change.keys)
    keep = change.keep | contains(change.keys[back].sort().values, before)
    return Change(keep, change.keys[~back], change.values[~back])
