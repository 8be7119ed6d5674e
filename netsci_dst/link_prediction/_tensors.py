"""Scores of torch tensors: dense products in the closed form, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ._bipartite import bipartite
from ._rules import Rule

# Numbers held at a time by each temporary matrix.
_CHUNK = 2**27


def tensor_scores(adjacency: torch.Tensor, rule: Rule, threads: int | None = None) -> torch.Tensor:
    """Return scores on the adjacency's device.

    CPU tensors go through the compiled kernels; others are computed where they are, in their own
    precision, or float32 when they hold half precision, whole numbers or truth values.
    """
    if adjacency.device.type == "cpu":
        from ._cpu import matrix

        scores = torch.from_numpy(matrix(bipartite(adjacency), rule, threads))
        return scores if adjacency.dtype == torch.float64 else scores.float()
    return device_scores(adjacency, rule)


def device_scores(adjacency: torch.Tensor, rule: Rule) -> torch.Tensor:
    """Return scores by dense products on the adjacency's device."""
    from .stacks import rule_scores

    a = zero_one(adjacency)
    return rule_scores(a.unsqueeze(0), rule).squeeze(0).mul_(1 - a)


def zero_one(adjacency: torch.Tensor) -> torch.Tensor:
    """Return the dense matrix of zeros and ones, float32 or float64."""
    dense = adjacency if adjacency.layout == torch.strided else adjacency.to_dense()
    dtype = torch.float64 if dense.dtype == torch.float64 else torch.float32
    return (dense != 0).to(dtype)


def row_blocks(a: torch.Tensor, rule: Rule) -> Iterator[tuple[int, int, torch.Tensor]]:
    """Yield first row, last row and scores of slices of rows of a zero-one matrix."""
    with torch.no_grad(), _exact_products():
        blocks = _path_blocks(a, rule) if rule.on == "path" else _node_blocks(a, rule)
        for low, high, block in blocks:
            yield low, high, block.mul_(1 - a[low:high])


class _exact_products:
    """Products in full float32: the shortened formats of tensor cores would blur the ranking."""

    def __enter__(self) -> None:
        self._before = torch.backends.cuda.matmul.allow_tf32
        torch.backends.cuda.matmul.allow_tf32 = False

    def __exit__(self, *_: object) -> None:
        torch.backends.cuda.matmul.allow_tf32 = self._before


def _contributions(a: torch.Tensor, rows: slice, degree: torch.Tensor, rule: Rule) -> torch.Tensor:
    """Contributions of all nodes of a side as seen from some of its ``rows``; own links as a."""
    return rule.contribution(degree[None, :], a[rows] @ a.T)


def _path_blocks(a: torch.Tensor, rule: Rule) -> Iterator[tuple[int, int, torch.Tensor]]:
    n_source, n_target = a.shape
    d_source, d_target = a.sum(1), a.sum(0)
    at = a.T.contiguous()
    # f[z1, v]: symmetric counts, so the degree that counts is the row's.
    f = rule.contribution(d_target[:, None], at @ a)
    for low, high in _even_slices(d_source, n_source, max(n_source, n_target)):
        links = a[low:high].nonzero()
        u, z1 = links[:, 0], links[:, 1]
        g = _contributions(a, slice(low, high), d_source, rule)
        between = (at[z1] * g[u]) @ a
        between *= f[z1]
        yield low, high, torch.zeros_like(a[low:high]).index_add_(0, u, between)


def _even_slices(degree: torch.Tensor, n_rows: int, width: int) -> Iterator[tuple[int, int]]:
    """Cut the rows so that the links of a slice, ``width`` numbers each, fit a chunk."""
    ends = degree.cumsum(0).tolist()
    low = 0
    while low < n_rows:
        before = ends[low - 1] if low else 0
        high = low + 1
        while high < n_rows and (ends[high] - before) * width <= _CHUNK:
            high += 1
        yield low, high
        low = high


def _node_blocks(a: torch.Tensor, rule: Rule) -> Iterator[tuple[int, int, torch.Tensor]]:
    n_source, n_target = a.shape
    at = a.T.contiguous()
    d_source, d_target = a.sum(1), a.sum(0)
    step = max(1, _CHUNK // max(n_source, n_target))
    for low in range(0, n_source, step):
        rows = slice(low, min(low + step, n_source))
        block = _weights(a[rows], a, d_source, rule) @ a
        for first in range(0, n_target, step):
            columns = slice(first, min(first + step, n_target))
            weight = _weights(at[columns], at, d_target, rule)
            block[:, columns] += a[rows] @ weight.T
        yield low, rows.stop, block


def _weights(
    some: torch.Tensor, side: torch.Tensor, degree: torch.Tensor, rule: Rule
) -> torch.Tensor:
    shared = some @ side.T
    return rule.contribution(degree[None, :], shared) * (shared > 0)
