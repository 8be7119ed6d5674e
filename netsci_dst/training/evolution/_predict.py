"""From the links of a layer to predicted links, by any link predictor."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ...link_prediction import positive_links, top_links
from ._choose import sample_k, top_k
from ._links import Links

# Sums in different orders differ in the last bits; scores equal on paper must tie.
_DROPPED_BITS = 16


def regrow_by_scores(
    predictor: str, links: Links, n: int, exponent: float, sub_ranking: bool
) -> Tensor:
    """Return up to ``n`` absent keys by the predictor's scores; positive scores only."""
    matrix = _adjacency(links)
    if exponent != float("inf"):
        keys, scores = map(_tensor, positive_links(matrix, predictor))
        return keys[sample_k(scores, min(n, keys.numel()), exponent, links.generator)]
    if sub_ranking:
        seed = int(torch.randint(2**31, (1,), generator=links.generator, device=links.keys.device))
        keys, _ = top_links(matrix, predictor, n, rng=np.random.default_rng(seed), ties="spearman")
        return _tensor(keys)
    keys, scores = map(_tensor, positive_links(matrix, predictor))
    return keys[top_k(_rounded(scores), n, links.generator)]


def _adjacency(links: Links) -> object:
    """Return the links that are left: CSR on a CPU, a bool tensor ``(n_source, n_target)`` else."""
    keys = links.kept_keys
    if keys.device.type != "cpu":
        matrix = torch.zeros(links.n_possible, dtype=torch.bool, device=keys.device)
        matrix[keys] = True
        return matrix.view(links.n_source, links.n_target)
    import scipy.sparse

    array = keys.numpy()
    starts = np.searchsorted(array, np.arange(links.n_source + 1) * links.n_target)
    ends = (np.ones(array.size, dtype=bool), array % links.n_target, starts)
    return scipy.sparse.csr_array(ends, shape=(links.n_source, links.n_target))


def _tensor(array: np.ndarray | Tensor) -> Tensor:
    return array if isinstance(array, Tensor) else torch.from_numpy(array)


def _rounded(scores: Tensor) -> Tensor:
    if scores.dtype != torch.float64:
        return scores
    half = 1 << (_DROPPED_BITS - 1)
    bits = scores.contiguous().view(torch.int64) + half
    return ((bits >> _DROPPED_BITS) << _DROPPED_BITS).view(torch.float64)
