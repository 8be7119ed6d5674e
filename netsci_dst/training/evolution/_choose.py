"""Choosing exactly k of n: by score with ties at random, by sampling, or uniformly."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import NumericalError


def random_subset(n: int, k: int, generator: torch.Generator) -> Tensor:
    """Return ``k`` different indices below ``n``, uniformly, in random order."""
    return torch.randperm(n, generator=generator, device=generator.device)[:k]


def top_k(scores: Tensor, k: int, generator: torch.Generator) -> Tensor:
    """Return the indices of exactly the ``k`` largest scores, ascending; ties broken at random."""
    n = scores.numel()
    if k <= 0:
        return torch.empty(0, dtype=torch.int64, device=scores.device)
    if k >= n:
        return torch.arange(n, device=scores.device)
    _refuse_nan(scores.max())
    threshold = scores.kthvalue(n - k + 1).values
    above = (scores > threshold).nonzero().flatten()
    tied = (scores == threshold).nonzero().flatten()
    missing = k - above.numel()
    if missing == tied.numel():
        chosen = tied
    else:
        chosen = tied[random_subset(tied.numel(), missing, generator)]
    return torch.cat([above, chosen]).sort().values


def sample_k(scores: Tensor, k: int, exponent: float, generator: torch.Generator) -> Tensor:
    """Draw ``k`` indices without replacement with weights ``scores ** exponent``, ascending.

    Gumbel top-k: exact, of any size, on any device. Zero weights come last, in random order.
    ``exponent`` infinity is the deterministic `top_k`, 0 the uniform draw.
    """
    n = scores.numel()
    if exponent == float("inf") or k >= n:
        return top_k(scores, k, generator)
    if k <= 0:
        return torch.empty(0, dtype=torch.int64, device=scores.device)
    if exponent == 0:
        return random_subset(n, k, generator).sort().values
    _refuse_nan(scores.max())
    positive = (scores > 0).nonzero().flatten()
    if positive.numel() < k:
        zero = (scores <= 0).nonzero().flatten()
        extra = zero[random_subset(zero.numel(), k - positive.numel(), generator)]
        return torch.cat([positive, extra]).sort().values
    weights = scores[positive].to(torch.float64)
    # -log of an exponential variable is a Gumbel variable.
    noise = torch.empty_like(weights).exponential_(generator=generator).log_()
    perturbed = weights.log_().mul_(exponent).sub_(noise)
    return positive[perturbed.topk(k, sorted=False).indices].sort().values


def absent(
    n: int,
    present: Tensor,
    shape: tuple[int, int],
    generator: torch.Generator,
    sources: Tensor | None = None,
    targets: Tensor | None = None,
) -> Tensor:
    """Draw up to ``n`` absent links uniformly, without listing all of them where it is large.

    Parameters
    ----------
    present
        Keys of the links that exist, increasing.
    shape
        ``(n_source, n_target)``.
    sources, targets
        Restrict the draw to links between these neurons (indices, increasing).

    Returns
    -------
    Tensor
        Different keys, in random order; fewer than ``n`` only when there are not more.
    """
    n_source, n_target = shape
    rows = n_source if sources is None else sources.numel()
    columns = n_target if targets is None else targets.numel()
    inside = present
    if sources is not None or targets is not None:
        inside = _localise(present, n_target, sources, targets, columns)
    free = rows * columns - inside.numel()
    n = min(n, free)
    if n <= 0:
        return present.new_empty(0)
    if 2 * n > free or inside.numel() > free:
        drawn = _by_listing(n, inside, rows * columns, generator)
    else:
        drawn = _by_rejection(n, inside, rows * columns, generator)
    if sources is None and targets is None:
        return drawn
    u, v = drawn // columns, drawn % columns
    u = u if sources is None else sources[u]
    v = v if targets is None else targets[v]
    return u * n_target + v


def contains(sorted_keys: Tensor, keys: Tensor) -> Tensor:
    """Return which ``keys`` are among ``sorted_keys``, bool of the shape of ``keys``."""
    if not sorted_keys.numel():
        return torch.zeros(keys.shape, dtype=torch.bool, device=keys.device)
    place = torch.searchsorted(sorted_keys, keys).clamp_(max=sorted_keys.numel() - 1)
    return sorted_keys[place] == keys


def _localise(
    keys: Tensor, n_target: int, sources: Tensor | None, targets: Tensor | None, columns: int
) -> Tensor:
    u, v = keys // n_target, keys % n_target
    inside = torch.ones(keys.shape, dtype=torch.bool, device=keys.device)
    for chosen, ends in ((sources, u), (targets, v)):
        if chosen is not None:
            inside &= contains(chosen, ends)
    u, v = u[inside], v[inside]
    u = u if sources is None else torch.searchsorted(sources, u)
    v = v if targets is None else torch.searchsorted(targets, v)
    return u * columns + v


def _by_rejection(n: int, taken: Tensor, size: int, generator: torch.Generator) -> Tensor:
    found = taken.new_empty(0)
    while found.numel() < n:
        wanted = n - found.numel()
        m = int(1.05 * wanted / (1 - taken.numel() / size)) + 16
        drawn = torch.randint(size, (m,), generator=generator, device=generator.device)
        drawn = drawn[~contains(taken, drawn)]
        found = torch.cat([found, drawn]).unique()
    return found[random_subset(found.numel(), n, generator)]


def _by_listing(n: int, taken: Tensor, size: int, generator: torch.Generator) -> Tensor:
    free = torch.ones(size, dtype=torch.bool, device=taken.device)
    free[taken] = False
    places = free.nonzero().flatten()
    return places[random_subset(places.numel(), n, generator)]


def _refuse_nan(largest: Tensor) -> None:
    if bool(largest.isnan()):
        raise NumericalError("a score by which links are chosen is not a number (NaN)")
