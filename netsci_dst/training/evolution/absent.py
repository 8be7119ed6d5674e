"""Absent links by the largest of their random numbers, on a CPU, without listing all of them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .draws import folded, hashed

# Layers with more positions draw positions instead of looking at every one.
LISTED = 2**28


def absent(
    n: int,
    present: Tensor,
    shape: tuple[int, int],
    pair: tuple[int, int],
    sources: Tensor | None = None,
    targets: Tensor | None = None,
) -> Tensor:
    """Draw up to ``n`` absent links uniformly: those whose numbers are largest.

    Parameters
    ----------
    present
        Keys of the links that exist, increasing.
    shape
        ``(n_source, n_target)``.
    pair
        Keys of the stream of random numbers (`Draws.pair`).
    sources, targets
        Bool: restrict the draw to links between these neurons.

    Returns
    -------
    Tensor
        Different keys, increasing; fewer than ``n`` only when there are not more.
    """
    n_source, n_target = shape
    size = n_source * n_target
    if size > LISTED:
        return _rejected(n, present, shape, pair, sources, targets)
    if present.device.type != "cpu":
        keys = torch.arange(size, device=present.device)
        free = torch.ones_like(keys, dtype=torch.bool)
        free[present] = False
        if sources is not None:
            free &= sources[keys // n_target]
        if targets is not None:
            free &= targets[keys % n_target]
        keys = keys[free]
        n = min(n, keys.numel())
        return keys[hashed(keys, *pair).topk(n, sorted=False).indices].sort().values
    rows = n_source if sources is None else int(sources.sum())
    columns = n_target if targets is None else int(targets.sum())
    free = rows * columns - _inside(present, n_target, sources, targets)
    n = min(n, free)
    if n <= 0:
        return present.new_empty(0)
    return _scanned(n, free, present, shape, pair, sources, targets)


def _inside(present: Tensor, n_target: int, sources: Tensor | None, targets: Tensor | None) -> int:
    if sources is None and targets is None:
        return present.numel()
    among = torch.ones_like(present, dtype=torch.bool)
    if sources is not None:
        among &= sources[present // n_target]
    if targets is not None:
        among &= targets[present % n_target]
    return int(among.sum())


def _scanned(
    n: int,
    free: int,
    present: Tensor,
    shape: tuple[int, int],
    pair: tuple[int, int],
    sources: Tensor | None,
    targets: Tensor | None,
) -> Tensor:
    from .loops import scan

    margin = n + 6 * n**0.5 + 16
    yes = np.ones(1, dtype=np.bool_)
    row = yes if sources is None else sources.numpy()
    column = yes if targets is None else targets.numpy()
    while True:
        share = min(1.0, margin / free)
        # The margin may also be wide enough for all: then nothing is below the threshold.
        least = 0 if share >= 1 else int((1 - share) * 2**32)
        room = min(shape[0] * shape[1], int(margin + 8 * margin**0.5 + 64) if least else free)
        keys, chance = np.empty(room, np.int64), np.empty(room, np.int64)
        found = scan(
            present.numpy(), shape[0], shape[1], np.uint32(pair[0]), np.uint32(pair[1]),
            np.uint32(least), row, column, keys, chance,
        )  # fmt: skip
        if n <= found <= room:
            break
        margin = margin * 2 if found < n else margin * 1.1 + 64
    keys, chance = keys[:found], chance[:found]
    if found > n:
        keys = keys[np.argpartition(chance, found - n)[found - n :]]
        keys.sort()
    return torch.from_numpy(keys)


def _rejected(
    n: int,
    present: Tensor,
    shape: tuple[int, int],
    pair: tuple[int, int],
    sources: Tensor | None,
    targets: Tensor | None,
) -> Tensor:
    """Draw positions of a huge layer until enough are absent."""
    device = present.device
    seed = (pair[1] << 32 | pair[0]) >> 1
    generator = torch.Generator(device=device).manual_seed(seed)
    rows = None if sources is None else sources.nonzero().flatten()
    columns = None if targets is None else targets.nonzero().flatten()
    n_rows = shape[0] if rows is None else rows.numel()
    n_columns = shape[1] if columns is None else columns.numel()
    free = n_rows * n_columns - _inside(present, shape[1], sources, targets)
    n = min(n, free)
    if n <= 0:
        return present.new_empty(0)
    found = present.new_empty(0)
    while found.numel() < n:
        m = int(1.05 * (n - found.numel()) * n_rows * n_columns / free) + 16
        drawn = torch.randint(n_rows * n_columns, (m,), generator=generator, device=device)
        u, v = drawn // n_columns, drawn % n_columns
        u = u if rows is None else rows[u]
        v = v if columns is None else columns[v]
        drawn = u * shape[1] + v
        found = torch.cat([found, drawn[~contains(present, drawn)]]).unique()
    chance = hashed(folded(found, shape[0] * shape[1]), *pair)
    return found[chance.topk(n, sorted=False).indices].sort().values


def contains(sorted_keys: Tensor, keys: Tensor) -> Tensor:
    """Return which ``keys`` are among ``sorted_keys``, bool of the shape of ``keys``."""
    if not sorted_keys.numel():
        return torch.zeros(keys.shape, dtype=torch.bool, device=keys.device)
    place = torch.searchsorted(sorted_keys, keys).clamp_(max=sorted_keys.numel() - 1)
    return sorted_keys[place] == keys
