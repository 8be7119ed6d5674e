"""The full matrix of scores, by the kind of array that was given."""

from __future__ import annotations

from typing import Any

from ._bipartite import bipartite, is_tensor
from ._rules import Rule


def full_scores(adjacency: Any, rule: Rule, threads: int | None = None) -> Any:
    """Return scores of shape (n_source, n_target), array for array and tensor for tensor."""
    if is_tensor(adjacency):
        from ._tensors import tensor_scores

        return tensor_scores(adjacency, rule, threads)
    from ._cpu import matrix

    return matrix(bipartite(adjacency), rule, threads)
