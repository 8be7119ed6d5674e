"""Choosing exactly k of n: by score with ties at random, by sampling, or uniformly."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import NumericalError

# The k-th largest of many scores is guessed from one in so many of them.
_EVERY = 64

# Beyond it ordinary scores, divided by the largest, would be zero in single precision.
_HUGE = 1e30


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
    places = _contenders(scores, k)
    if places is not None:
        scores = scores[places]
    threshold = scores.kthvalue(scores.numel() - k + 1).values
    above = (scores > threshold).nonzero().flatten()
    tied = (scores == threshold).nonzero().flatten()
    missing = k - above.numel()
    if missing == tied.numel():
        chosen = tied
    else:
        chosen = tied[random_subset(tied.numel(), missing, generator)]
    chosen = torch.cat([above, chosen]).sort().values
    return chosen if places is None else places[chosen]


def _contenders(scores: Tensor, k: int) -> Tensor | None:
    """Return where all scores at or above a bound lie, ascending, at least ``k``; None: anywhere.

    To order a few scores is cheaper than to order all.
    """
    if scores.numel() < 8 * k + 2**16:
        return None
    bound = scores[::_EVERY].topk(2 * k // _EVERY + 16, sorted=False).values.min()
    places = (scores >= bound).nonzero().flatten()
    return places if places.numel() >= k else None


def sample_k(scores: Tensor, k: int, exponent: float, generator: torch.Generator) -> Tensor:
    """Draw ``k`` indices without replacement with weights ``scores ** exponent``, ascending.

    Gumbel top-k in the form of exponential clocks: the ``k`` smallest of ``E_i / w_i`` with ``E_i``
    independent exponential variables. Exact, of any size, on any device. Zero weights come last,
    in random order. ``exponent`` infinity is the deterministic `top_k`, 0 the uniform draw.
    """
    n = scores.numel()
    if exponent == float("inf") or k >= n:
        return top_k(scores, k, generator)
    if k <= 0:
        return torch.empty(0, dtype=torch.int64, device=scores.device)
    if exponent == 0:
        return random_subset(n, k, generator).sort().values
    largest = scores.max()
    _refuse_nan(largest)
    top = float(largest)
    if top == float("inf"):
        raise NumericalError("a score by which links are sampled is infinite")
    positive = scores > 0
    n_positive = int(positive.sum())
    if n_positive <= k:
        zero = (~positive).nonzero().flatten()
        extra = zero[random_subset(zero.numel(), k - n_positive, generator)]
        return torch.cat([positive.nonzero().flatten(), extra]).sort().values
    if top > _HUGE:
        scores, largest = scores.to(torch.float64), largest.to(torch.float64)
    return _first_clocks((scores / largest).to(torch.float64), k, exponent, generator)


def _first_clocks(base: Tensor, k: int, exponent: float, generator: torch.Generator) -> Tensor:
    """Return the ``k`` clocks that ring first, ascending; clock i has rate ``base[i]**exponent``.

    Only those that can ring before a guessed time are looked at: E = -log(1 - u) exceeds u.
    """
    weights = base if exponent == 1 else base.pow(exponent)
    u = torch.rand(weights.shape, dtype=torch.float64, generator=generator, device=weights.device)
    time = 1.2 * (k + 10) / float(weights.sum())
    for _ in range(20):
        early = (u < weights * time).nonzero().flatten()
        rings = torch.log1p(-u[early]).neg_().div_(weights[early])
        if int((rings <= time).sum()) >= k:
            return early[rings.topk(k, largest=False, sorted=False).indices].sort().values
        time *= 2
    # Weights so unequal that many are zero in floating point: compare logarithms, all of them.
    score = base.log().mul_(exponent).sub_(torch.log(-torch.log1p(-u)))
    positive = (base > 0).nonzero().flatten()
    return positive[score[positive].topk(k, sorted=False).indices].sort().values


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
