"""Matrices whose links are listed in both directions are undirected."""

from __future__ import annotations

from .found import Found


def undirected_if_symmetric(found: Found) -> None:
    """Call a directed table undirected when each link is there in both directions alike."""
    table = found.table
    pairs = list(zip(table.sources.tolist(), table.targets.tolist()))
    values = [1.0] * len(pairs) if table.weights is None else table.weights.tolist()
    weight = dict(zip(pairs, values))
    if table.directed and all(weight.get((v, u)) == w for (u, v), w in weight.items()):
        table.directed = False
