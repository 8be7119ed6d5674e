"""From the links of a layer to predicted links, by any link predictor."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ...link_prediction import positive_links, top_links
from ...link_prediction._ties import snap_ties
from ._choose import sample_k, top_k
from ._links import Links

# Of the 23 bits of a float32: sums in different orders differ in the last ones.
_DROPPED_BITS = 6


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
    keys, scores = positive_links(matrix, predictor)
    return _tensor(keys)[top_k(_tied(scores), n, links.generator)]


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


def _tied(scores: np.ndarray | Tensor) -> Tensor:
    """Let scores that are equal on paper tie, so that chance decides between them."""
    if isinstance(scores, np.ndarray):
        return torch.from_numpy(snap_ties(scores))
    half = 1 << (_DROPPED_BITS - 1)
    bits = scores.to(torch.float32).contiguous().view(torch.int32) + half
    return ((bits >> _DROPPED_BITS) << _DROPPED_BITS).view(torch.float32)
