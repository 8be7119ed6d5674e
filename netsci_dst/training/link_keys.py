"""Lists of keys: checking them, and merging those that stay with those that come."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import NetsciError


def check_keys(keys: Tensor, n_possible: int) -> Tensor:
    """Return the keys as int64; refuse any that are repeated, out of order or out of range."""
    keys = torch.as_tensor(keys)
    if keys.dim() != 1 or keys.is_floating_point() or keys.dtype == torch.bool:
        raise NetsciError("keys of links must be one row of whole numbers")
    keys = keys.to(torch.int64)
    if keys.numel() == 0:
        return keys
    if int(keys[0]) < 0 or int(keys[-1]) >= n_possible:
        raise NetsciError(f"keys of links must lie in 0..{n_possible - 1}")
    if not bool((keys[1:] > keys[:-1]).all()):
        raise NetsciError("keys of links must increase, without repeats")
    return keys


def merge(kept: Tensor, new: Tensor, n_possible: int) -> tuple[Tensor, Tensor]:
    """Return all keys in increasing order, and where each lay in ``cat([kept, new])``."""
    if new.is_floating_point() or new.dtype == torch.bool or new.dim() != 1:
        raise NetsciError("keys of links must be one row of whole numbers")
    keys, order = torch.sort(torch.cat([kept, new.to(torch.int64)]))
    if keys.numel() and bool((keys[1:] == keys[:-1]).any()):
        raise NetsciError("a new link is present already, or is given twice")
    return check_keys(keys, n_possible), order
