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
    if sub_ranking:
        seed = int(torch.randint(2**31, (1,), generator=links.generator, device=links.keys.device))
        keys, _ = top_links(matrix, predictor, n, rng=np.random.default_rng(seed), ties="spearman")
        return _ungrouped(links, _tensor(keys))
    found, scores = positive_links(matrix, predictor)
    keys = _tensor(found)
    if links.groups > 1:
        inside = _inside(links, keys)  # by a global rule links across groups score, too
        keys, scores = keys[inside], scores[inside.numpy() if found is not keys else inside]
    if exponent != float("inf"):
        k = min(n, keys.numel())
        return _ungrouped(links, keys[sample_k(_tensor(scores), k, exponent, links.generator)])
    return _ungrouped(links, keys[top_k(_tied(scores), n, links.generator)])


def _adjacency(links: Links) -> object:
    """Return the links that are left: CSR on a CPU, a bool tensor else.

    Its shape is ``(n_source, n_target)``. A grouped convolution, whose groups share no neurons, has
    rows for the sources of each group.
    """
    keys, n_rows = links.kept_keys, links.n_source * links.groups
    if links.groups > 1:
        sources, targets = links.grouped_sources[links.keep], links.targets[links.keep]
        keys = (sources * links.n_target + targets).sort().values
    if keys.device.type != "cpu":
        matrix = torch.zeros(n_rows * links.n_target, dtype=torch.bool, device=keys.device)
        matrix[keys] = True
        return matrix.view(n_rows, links.n_target)
    import scipy.sparse

    array = keys.numpy()
    starts = np.searchsorted(array, np.arange(n_rows + 1) * links.n_target)
    ends = (np.ones(array.size, dtype=bool), array % links.n_target, starts)
    return scipy.sparse.csr_array(ends, shape=(n_rows, links.n_target))


def _inside(links: Links, keys: Tensor) -> Tensor:
    """Return which keys of the grouped matrix join a source and a target of the same group."""
    sources, targets = keys // links.n_target, keys % links.n_target
    return sources // links.n_source == links.group_of(targets)


def _ungrouped(links: Links, keys: Tensor) -> Tensor:
    """Return the layer's keys for those of the grouped matrix."""
    if links.groups == 1:
        return keys
    return keys // links.n_target % links.n_source * links.n_target + keys % links.n_target


def _tensor(array: np.ndarray | Tensor) -> Tensor:
    return array if isinstance(array, Tensor) else torch.from_numpy(array)


def _tied(scores: np.ndarray | Tensor) -> Tensor:
    """Let scores that are equal on paper tie, so that chance decides between them."""
    if isinstance(scores, np.ndarray):
        return torch.from_numpy(snap_ties(scores))
    half = 1 << (_DROPPED_BITS - 1)
    bits = scores.to(torch.float32).contiguous().view(torch.int32) + half
    return ((bits >> _DROPPED_BITS) << _DROPPED_BITS).view(torch.float32)
