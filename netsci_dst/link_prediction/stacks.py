"""Scores of many layers of one shape at once, by dense products of stacked matrices."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .. import registry
from . import _rules
from ._rules import Rule
from .products import (
    counts,
    halves,
    has_program,
    on_tensor_cores,
    padded,
    plain,
    short,
    short_products,
)

# Numbers held at a time by each temporary matrix.
CHUNK = 2**27


def stacked_scores(adjacency: Tensor, predictor: str, n_links: list[int] | None = None) -> Tensor:
    """Return the scores of layers of one shape, zero on existing links.

    Parameters
    ----------
    adjacency
        Bool, or numbers of which any but zero is a link, shape ``(layers, n_source, n_target)``.
    predictor
        Name of a link predictor that is a rule on common neighbours.
    n_links
        Number of links of each layer, where it is known; otherwise the device is asked.

    Returns
    -------
    Tensor
        float64 when the adjacency is, else float32, computed on its device.
    """
    dtype = torch.float64 if adjacency.dtype == torch.float64 else torch.float32
    absent = adjacency == 0
    return unmasked_scores(absent.logical_not().to(dtype), predictor, n_links).mul_(absent)


def unmasked_scores(a: Tensor, predictor: str, n_links: list[int] | None = None) -> Tensor:
    """Return the same for matrices of zeros and ones; scores of existing links mean nothing."""
    return rule_scores(a, registry.get("link predictor", predictor).metadata["rule"], n_links)


def rule_scores(a: Tensor, rule: Rule, n_links: list[int] | None = None) -> Tensor:
    """Return the same for a rule."""
    with torch.no_grad(), short_products(False):
        if rule.on == "path":
            found = a.sum((1, 2)).to(torch.int64).tolist() if n_links is None else n_links
            return _paths(a, rule, found)
        size = max(1, CHUNK // max(a.shape[1], a.shape[2]) ** 2)
        if len(a) <= size:
            return _nodes(a, rule)
        return torch.cat([_nodes(part, rule) for part in a.split(size)])


def _nodes(a: Tensor, rule: Rule) -> Tensor:
    at = a.transpose(1, 2)
    scores = plain(_weights(a, at, rule), a)
    return scores.add_(plain(_weights(at, a, rule), at).transpose(1, 2))


def _weights(a: Tensor, at: Tensor, rule: Rule) -> Tensor:
    """Return what node j of a side contributes to node i, where they share neighbours."""
    shared = counts(a, at)
    value = shared + 1 if rule.internal else torch.ones_like(shared)
    if rule.denominator != "none":
        degree = at.sum(1, keepdim=True)
        argument = degree - shared if rule.share else degree.expand_as(shared).clone()
        # All links shared: such a node reaches no absent link.
        value = value.div_(argument.clamp_(min=1))
    return value.mul_(shared.clamp_(max=1))


def _paths(a: Tensor, rule: Rule, n_links: list[int]) -> Tensor:
    """Return scores of path rules: for each link u–z1 a row of sums over z2, times F[z1, v]."""
    shape, device = a.shape, a.device
    # With internal links the contributions of a row are too unequal for short numbers.
    cores = on_tensor_cores(a) and not rule.internal
    if cores:
        a = padded(a)
        if a.device.type == "cuda" and has_program():
            return _by_program(a, rule, n_links)[:, : shape[1], : shape[2]]
    n_layers, n_source, n_target = a.shape
    at = a.transpose(1, 2).contiguous()
    # Terms are added in any order: in double precision it makes no difference.
    scores = torch.zeros(n_layers, n_source + 1, n_target, dtype=torch.float64, device=device)
    most, wide = max(1, max(n_links)), max(n_source, n_target)
    layers = max(1, CHUNK // (most * wide))
    for low in range(0, n_layers, layers):
        part = slice(low, low + layers)
        _add_paths(scores[part], a[part], at[part], rule, max(1, max(n_links[part])))
    return scores[:, : shape[1], : shape[2]].to(a.dtype)


def _by_program(a: Tensor, rule: Rule, n_links: list[int]) -> Tensor:
    from ._path_program import path_sums

    size = max(1, CHUNK // max(a.shape[1:]) ** 2)
    found = []
    for low in range(0, len(a), size):
        some, most = a[low : low + size], max(1, max(n_links[low : low + size]))
        f, g = _contributions(some, some.transpose(1, 2), rule)
        ends = _listed(some, most).remainder_(a.shape[2]).to(torch.int32)
        found.append(path_sums(some.half(), f, *halves(g), ends))
    return torch.cat(found)


def _contributions(a: Tensor, at: Tensor, rule: Rule) -> tuple[Tensor, Tensor]:
    """Return F[z1, v] and G[u, z2]."""
    # Counts are symmetric, so the degree that counts is the row's.
    f = rule.contribution(at.sum(2).unsqueeze(2), counts(at, a))
    return f, rule.contribution(a.sum(2).unsqueeze(1), counts(a, at))


def _add_paths(scores: Tensor, a: Tensor, at: Tensor, rule: Rule, most: int) -> None:
    n_layers, n_source, n_target = a.shape
    f, g = _contributions(a, at, rule)
    f = f.flatten(0, 1)
    g = torch.cat([g, g.new_zeros(n_layers, 1, n_source)], 1).flatten(0, 1)
    weigh = _sums_over_links(at.flatten(0, 1), a, g, rule)
    total = scores.flatten(0, 1)
    places = _listed(a, most)
    layer = torch.arange(n_layers, device=a.device).unsqueeze(1)
    step = max(1, CHUNK // max(n_source, n_target) // n_layers)
    for some in places.split(step, 1):
        # What fills up the list lies in row n_source, which is empty.
        u = some.div(n_target, rounding_mode="floor").add_(layer * (n_source + 1)).flatten()
        z1 = some.remainder(n_target).add_(layer * n_target).flatten()
        total.index_add_(0, u, weigh(u, z1).mul_(f[z1]).double())


def _sums_over_links(at: Tensor, a: Tensor, g: Tensor, rule: Rule) -> Callable[..., Tensor]:
    """Return a function from links u–z1 to the sums over z2 of A[z2, z1] G[u, z2] A[z2, v]."""
    n_layers = len(a)
    if not on_tensor_cores(a) or rule.internal:
        return lambda u, z1: plain((at[z1] * g[u]).unflatten(0, (n_layers, -1)), a).flatten(0, 1)
    high, low, unit = halves(g)
    at, g = at.half().unsqueeze(1), torch.stack([low, high], 1)
    right = a.half().repeat(1, 2, 1)

    def sums(u: Tensor, z1: Tensor) -> Tensor:
        # From the least to the greatest.
        left = (at[z1] * g[u]).flatten(1).unflatten(0, (n_layers, -1))
        return short(left, right).flatten(0, 1).mul_(unit[u])

    return sums


def _listed(a: Tensor, most: int) -> Tensor:
    """Return the positions of each layer's links, filled up with the position after the last.

    Their number is known, so that nobody has to wait for it.
    """
    flat = a.flatten(1) != 0
    n = flat.shape[1]
    order = torch.where(flat, flat.cumsum(1) - 1, most)
    places = torch.full((a.shape[0], most + 1), n, dtype=torch.int64, device=a.device)
    positions = torch.arange(n, device=a.device).expand_as(order)
    # All absent ones go to the spare place at the end.
    return places.scatter_(1, order, positions)[:, :most].contiguous()


def is_rule(predictor: str) -> bool:
    """Return whether a predictor is a rule on common neighbours, which `stacked_scores` takes."""
    return isinstance(registry.get("link predictor", predictor).metadata.get("rule"), _rules.Rule)
