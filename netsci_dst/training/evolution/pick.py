"""Exactly k of a list of links: by score with ties at random, or drawn by score."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import NumericalError
from .clocks import first_clocks
from .draws import folded, hashed
from .select import clocked, tied

# The k-th largest of many scores is guessed from one in so many of them.
_EVERY = 64

# Beyond it ordinary scores, divided by the largest, would be zero in single precision.
_HUGE = 1e30


def top(
    scores: Tensor, k: int, keys: Tensor | None, n_possible: int, pair: tuple[int, int]
) -> Tensor:
    """Return the places of exactly the ``k`` largest scores, ascending.

    Doubles that differ by rounding errors tie: other ways of adding up would choose other links.

    Parameters
    ----------
    keys
        Position of each score, by whose random number ties are broken; None: their places.
    n_possible
        Positions of the layer.
    pair
        Keys of the stream of random numbers.
    """
    n = scores.numel()
    if k <= 0:
        return torch.empty(0, dtype=torch.int64, device=scores.device)
    if k >= n:
        return torch.arange(n, device=scores.device)
    if bool(scores.max().isnan()):
        raise NumericalError("a score by which links are chosen is not a number (NaN)")
    places = _contenders(scores, k)
    if places is not None:
        scores = scores[places]
    if scores.dtype == torch.float64:
        scores = tied(scores)
    least = scores.kthvalue(scores.numel() - k + 1).values
    above = (scores > least).nonzero().flatten()
    level = (scores == least).nonzero().flatten()
    missing = k - above.numel()
    if missing < level.numel():
        at = level if places is None else places[level]
        at = at if keys is None else keys[at]
        chance = hashed(folded(at, n_possible), *pair)
        level = level[chance.topk(missing, sorted=False).indices]
    chosen = torch.cat([above, level]).sort().values
    return chosen if places is None else places[chosen]


def drawn(
    scores: Tensor,
    k: int,
    exponent: float,
    keys: Tensor,
    n_possible: int,
    pair: tuple[int, int],
) -> Tensor:
    """Draw ``k`` places without replacement with weights ``scores ** exponent``, ascending.

    Exact, of any size. Zero weights come last, in random order. ``exponent`` infinity is `top`, 0
    the uniform draw.
    """
    n = scores.numel()
    if exponent == float("inf") or k >= n:
        return top(scores, k, keys, n_possible, pair)
    if k <= 0:
        return torch.empty(0, dtype=torch.int64, device=scores.device)
    keys = folded(keys, n_possible)
    if exponent == 0:
        chosen = hashed(keys, *pair).topk(k, sorted=False).indices
        return chosen.sort().values
    largest = scores.max()
    if not bool(largest < float("inf")):
        what = "not a number (NaN)" if bool(largest.isnan()) else "infinite"
        raise NumericalError(f"a score by which links are sampled is {what}")
    positive = scores > 0
    n_positive = int(positive.sum())
    if n_positive <= k:
        zero = (~positive).nonzero().flatten()
        chance = hashed(keys[zero], *pair)
        extra = zero[chance.topk(k - n_positive, sorted=False).indices]
        return torch.cat([positive.nonzero().flatten(), extra]).sort().values
    early = first_clocks(keys, _rates(scores, largest, exponent), k, pair)
    if early is not None:
        return early
    value = clocked(scores, exponent, hashed(keys, *pair))
    return value.topk(k, sorted=False).indices.sort().values


def _rates(scores: Tensor, largest: Tensor, exponent: float) -> Tensor:
    if float(largest) > _HUGE:
        scores, largest = scores.to(torch.float64), largest.to(torch.float64)
    base = (scores / largest).to(torch.float64)
    return base if exponent == 1 else base.pow(exponent)


def _contenders(scores: Tensor, k: int) -> Tensor | None:
    """Return where all scores at or above a bound lie, ascending, at least ``k``; None: anywhere.

    To order a few scores is cheaper than to order all.
    """
    if scores.numel() < 8 * k + 2**16:
        return None
    bound = scores[::_EVERY].topk(2 * k // _EVERY + 16, sorted=False).values.min()
    places = (scores >= bound).nonzero().flatten()
    return places if places.numel() >= k else None
