"""Assortativity: whether neurons with many links are linked to others with many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...graphs import as_adjacency
from ...snapshots import Snapshot
from ..measure import NotApplicable, Value, measure
from ..scopes import graph_scopes

__all__ = ["assortativity"]


def assortativity(graph: Any) -> float:
    """Return the Pearson correlation of the degrees at the two ends of a link.

    Each link counts in both directions; NaN when all link ends have the same degree.

    Parameters
    ----------
    graph
        A graph of any accepted kind; directions and weights do not count.

    Returns
    -------
    float
        From −1 to 1.

    References
    ----------
    Newman, Phys. Rev. Lett. 89, 208701 (2002), eq. 4.

    Examples
    --------
    >>> import networkx as nx
    >>> round(assortativity(nx.karate_club_graph()), 4)
    -0.4756
    """
    matrix = as_adjacency(graph)
    degrees = np.diff(matrix.indptr).astype(float)
    if matrix.nnz == 0:
        return float("nan")
    own, other = np.repeat(degrees, np.diff(matrix.indptr)), degrees[matrix.indices]
    mean = own.mean()
    variance = float(((own - mean) ** 2).mean())
    if variance <= 1e-12 * max(1.0, mean**2):
        return float("nan")
    return float(((own - mean) * (other - mean)).mean()) / variance


@measure(
    "assortativity",
    tier="cheap",
    source="Newman 2002, eq. 4",
    summary="Whether neurons with many links are linked to others with many.",
    version=2,
)
def _measure(snapshot: Snapshot) -> Iterator[Value]:
    if snapshot.topology.n_links == 0:
        raise NotApplicable("the network has no links")
    for scope, topology in graph_scopes(snapshot.topology):
        yield Value(scope, "assortativity", assortativity(topology))
