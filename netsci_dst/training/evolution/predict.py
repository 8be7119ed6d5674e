"""From the links of layers to predicted links, by any link predictor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ... import registry
from ...link_prediction import positive_links, top_links
from ...link_prediction.stacks import is_rule, unmasked_scores
from ...link_prediction.ties import snap_ties
from . import draws as draw
from .links import Candidates
from .select import tied

if TYPE_CHECKING:
    from .list_entries import ListEntries
    from .stack_entries import StackEntries


def by_tensors(tensor: Tensor) -> bool:
    """Return whether masked layers are predicted by products of stacked matrices.

    On a CPU compiled loops over the links are faster, and their sums tie exactly.
    """
    return not draw.compiled(tensor)


# --- masked layers ----------------------------------------------------------------------------


def stack_scores(stack: StackEntries, predictor: str, n: int, sub_ranking: bool) -> Tensor:
    """Return scores of every position, ``(rows, n_source, n_target)``."""
    present = stack.present
    if stack.form.groups > 1:
        present = apart(stack, present)
    if is_rule(predictor) and not sub_ranking and by_tensors(present):
        kept = [u.kept for u in stack.updates] if stack.form.groups == 1 else None
        double = stack.group.layers[0].parameter.weight.dtype == torch.float64
        a = present.to(torch.float64 if double else torch.float32)
        scores = unmasked_scores(a, predictor, kept)
        stack.summed = True
    elif sub_ranking:
        rows = enumerate(present.unbind(0))
        scores = torch.stack([_sub_ranked(stack, i, row, predictor, n) for i, row in rows])
    else:
        rule = registry.get("link predictor", predictor).target
        found = [rule(row) for row in present.cpu().numpy()]
        scores = torch.from_numpy(np.stack(found)).to(present.device).clamp_(min=0)
    return _together(stack, scores) if stack.form.groups > 1 else scores


def _sub_ranked(stack: StackEntries, row: int, links: Tensor, predictor: str, n: int) -> Tensor:
    """Return the ranks of the ``n`` best links, ties by shortest paths, as scores."""
    update = stack.updates[row // stack.form.groups]
    seed = stack.draws.number(update.of.index, update.head, draw.SCORES)
    keys, _ = top_links(links, predictor, n, rng=np.random.default_rng(seed), ties="spearman")
    scores = torch.zeros(links.numel(), device=links.device, dtype=torch.float64)
    ranks = torch.arange(keys.numel(), 0, -1, device=links.device, dtype=torch.float64)
    scores[keys] = ranks
    return scores.view(links.shape)


def apart(stack: StackEntries, x: Tensor) -> Tensor:
    """Return each group of a grouped convolution as a layer of its own: they share no neurons."""
    groups = stack.form.groups
    if stack.form.target_first:
        return x.unflatten(2, (groups, -1)).transpose(1, 2).flatten(0, 1)
    return x.unflatten(1, (groups, -1)).flatten(0, 1)


def _together(stack: StackEntries, x: Tensor) -> Tensor:
    parts = x.unflatten(0, (-1, stack.form.groups))
    if stack.form.target_first:
        return parts.transpose(1, 2).flatten(2)
    return parts.flatten(1, 2)


# --- lists of links ---------------------------------------------------------------------------


def list_scores(links: ListEntries, predictor: str, n: int, sub_ranking: bool) -> Candidates:
    """Return absent links with their positive scores."""
    matrix = _adjacency(links)
    if sub_ranking:
        seed = links.draws.number(links.of.index, links.update.head, draw.SCORES)
        keys, scores = top_links(
            matrix, predictor, n, rng=np.random.default_rng(seed), ties="spearman"
        )
        return Candidates(_ungrouped(links, _tensor(keys)), _tensor(scores), ranked=True)
    keys, scores = positive_links(matrix, predictor)
    if isinstance(scores, np.ndarray):
        scores = snap_ties(scores)
        keys, scores = _tensor(keys), _tensor(scores)
    else:
        scores = tied(scores)
    if links.groups > 1:
        inside = _inside(links, keys)  # by a global rule links across groups score, too
        keys, scores = _ungrouped(links, keys[inside]), scores[inside]
        order = keys.argsort()
        keys, scores = keys[order], scores[order]
    return Candidates(keys, scores)


def _adjacency(links: ListEntries) -> Any:
    """Return the links that are left: CSR on a CPU, a bool tensor else.

    Its shape is ``(n_source, n_target)``. A grouped convolution, whose groups share no neurons, has
    rows for the sources of each group.
    """
    keys, n_rows = links.kept_keys, links.n_source * links.groups
    if links.groups > 1:
        sources, targets = links.sources[links.keep], links.targets[links.keep]
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


def _inside(links: ListEntries, keys: Tensor) -> Tensor:
    """Return which keys of the grouped matrix join a source and a target of the same group."""
    sources, targets = keys // links.n_target, keys % links.n_target
    return sources // links.n_source == links.group_of(targets)


def _ungrouped(links: ListEntries, keys: Tensor) -> Tensor:
    """Return the layer's keys for those of the grouped matrix."""
    if links.groups == 1:
        return keys
    return keys // links.n_target % links.n_source * links.n_target + keys % links.n_target


def _tensor(array: np.ndarray | Tensor) -> Tensor:
    return array if isinstance(array, Tensor) else torch.from_numpy(array)
