"""From the links of a layer to predicted links, by any link predictor."""

from __future__ import annotations

import torch
from torch import Tensor

from ._choose import sample_k, top_k
from ._links import Links

# Sums in different orders differ in the last bits; scores equal on paper must tie.
_DROPPED_BITS = 16


def regrow_by_scores(
    predictor: str, links: Links, n: int, exponent: float, sub_ranking: bool
) -> Tensor:
    """Return up to ``n`` absent keys by the predictor's scores; positive scores only."""
    scores = _scores(predictor, links)
    flat = scores.reshape(-1)
    positive = (flat > 0).nonzero().flatten()
    candidates = _rounded(flat[positive])
    if exponent != float("inf"):
        n = min(n, positive.numel())
        return positive[sample_k(candidates, n, exponent, links.generator)]
    if sub_ranking:
        return positive[_by_rank(links, scores, positive, candidates, n)]
    return positive[top_k(candidates, n, links.generator)]


def adjacency(links: Links) -> Tensor:
    """Return the links that are left as a bool matrix ``(n_source, n_target)``."""
    matrix = torch.zeros(links.n_possible, dtype=torch.bool, device=links.keys.device)
    matrix[links.kept_keys] = True
    return matrix.view(links.n_source, links.n_target)


def _scores(predictor: str, links: Links) -> Tensor:
    from .link_predictors import predictor_of

    matrix = adjacency(links)
    function = predictor_of(predictor)
    if matrix.device.type == "cpu":
        return torch.from_numpy(function(matrix.numpy()))
    return function(matrix)


def _rounded(scores: Tensor) -> Tensor:
    if scores.dtype != torch.float64:
        return scores
    half = 1 << (_DROPPED_BITS - 1)
    bits = scores.contiguous().view(torch.int64) + half
    return ((bits >> _DROPPED_BITS) << _DROPPED_BITS).view(torch.float64)


def _by_rank(links: Links, scores: Tensor, positive: Tensor, candidates: Tensor, n: int) -> Tensor:
    raise NotImplementedError
