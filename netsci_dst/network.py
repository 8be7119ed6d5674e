"""A general network out of a list of links: one population joined to itself by one simple layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import TopologyError
from .layer import Layer
from .population import Population

_LARGEST = np.iinfo(np.int32).max


@dataclass
class LinkTable:
    """Links as they are listed: in any order, with self-loops and parallel links.

    Attributes
    ----------
    n
        Number of nodes.
    sources, targets
        Nodes 0 to n − 1, shape ``(n_links,)``.
    weights
        Shape ``(n_links,)``, or None.
    directed
        None when nothing says it.
    names, attributes
        Of the nodes, as in `Population`.
    lines
        Where each link stands in its file, for messages.
    """

    n: int
    sources: NDArray[Any]
    targets: NDArray[Any]
    weights: NDArray[Any] | None = None
    directed: bool | None = None
    names: Sequence[str] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    lines: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Merged:
    """What became of the listed links.

    Attributes
    ----------
    self_loops
        Left out.
    parallel
        Merged into another link between the same nodes.
    both_ways
        Whether an undirected list named each link once in each direction.
    """

    self_loops: int = 0
    parallel: int = 0
    both_ways: bool = False


def simple_parts(
    table: LinkTable, name: str = "nodes", directed: bool | None = None
) -> tuple[Population, Layer, Merged]:
    """Return nodes and links, each pair of nodes linked once and none to itself; what was merged.

    Weights of parallel links add up. An undirected list that names each link in both directions
    with one weight counts each once.

    Parameters
    ----------
    directed
        Overrules the table; a table that does not say is undirected.

    Raises
    ------
    TopologyError
        If there are no nodes, a weight is not finite, or undirected links have two weights and
        nothing says whether they are two links.
    """
    if table.n < 1:
        raise TopologyError("the graph has no nodes")
    if table.n > _LARGEST:
        raise TopologyError(f"a network can have {_LARGEST:,} nodes, not {table.n:,}")
    said = table.directed if directed is None else directed
    u, v = np.asarray(table.sources, np.int64), np.asarray(table.targets, np.int64)
    keep = u != v
    loops = int(u.size - keep.sum())
    weights = _finite(table)
    if loops:
        u, v, weights = u[keep], v[keep], None if weights is None else weights[keep]
    lines = table.lines[keep] if table.lines is not None and loops else table.lines
    links, counts, sums, merged = _merge(table.n, u, v, weights, said, lines)
    indptr = np.searchsorted(links, np.arange(table.n + 1, dtype=np.int64) * table.n)
    layer = Layer(
        "links",
        name,
        name,
        (table.n, table.n),
        indptr,
        (links % table.n).astype(np.int32),
        sums,
        counts.astype(np.int32) if (counts > 1).any() else None,
        directed=bool(said),
    )
    population = Population(name, table.n, names=table.names, attributes=table.attributes)
    return population, layer, Merged(loops, *merged)


def _finite(table: LinkTable) -> NDArray[np.float64] | None:
    if table.weights is None:
        return None
    weights = np.asarray(table.weights, np.float64)
    bad = np.flatnonzero(~np.isfinite(weights))
    if bad.size:
        raise TopologyError(f"{_at(table.lines, bad[0])} has weight {weights[bad[0]]}")
    return weights


def _at(lines: NDArray[np.int64] | None, i: int) -> str:
    return f"link {i + 1}" if lines is None else f"line {lines[i]}"


def _merge(
    n: int,
    u: NDArray[np.int64],
    v: NDArray[np.int64],
    weights: NDArray[np.float64] | None,
    directed: bool | None,
    lines: NDArray[np.int64] | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64] | None, tuple[int, bool]]:
    """Return the key and the number of parallels of each link, the sums, and what was merged."""
    keys = u * n + v if directed else np.minimum(u, v) * n + np.maximum(u, v)
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    counts = np.diff(starts, append=keys.size)
    sums = None
    if weights is not None:
        sums = np.add.reduceat(weights[order], starts) if starts.size else weights[:0]
    parallel, both_ways = int(keys.size - starts.size), False
    if parallel and not directed:
        back = (u > v)[order]
        both_ways = _lists_both_ways(back, starts, counts, weights, order)
        if both_ways:
            counts = counts // 2
            sums = None if sums is None else sums / 2
            parallel = int(counts.sum() - counts.size)
        elif weights is not None and directed is None:
            _refuse_two_weights(back, starts, counts, order, weights, lines)
    return ordered[starts], counts, sums, (parallel, both_ways)


def _lists_both_ways(
    back: NDArray[np.bool_],
    starts: NDArray[np.int64],
    counts: NDArray[np.int64],
    weights: NDArray[np.float64] | None,
    order: NDArray[np.int64],
) -> bool:
    backward = np.add.reduceat(back.astype(np.int64), starts)
    if (2 * backward != counts).any():
        return False
    if weights is None:
        return True
    signed = np.where(back, -1.0, 1.0) * weights[order]
    return not np.add.reduceat(signed, starts).any()


def _refuse_two_weights(
    back: NDArray[np.bool_],
    starts: NDArray[np.int64],
    counts: NDArray[np.int64],
    order: NDArray[np.int64],
    weights: NDArray[np.float64],
    lines: NDArray[np.int64] | None,
) -> None:
    backward = np.add.reduceat(back.astype(np.int64), starts)
    mixed = np.flatnonzero((backward > 0) & (backward < counts))
    if not mixed.size:
        return
    there = slice(starts[mixed[0]], starts[mixed[0]] + counts[mixed[0]])
    links, against = order[there], back[there]
    i, j = sorted((int(links[~against][0]), int(links[against][0])))
    raise TopologyError(
        f"{_at(lines, i)} and {_at(lines, j)} join the same nodes in both directions, with weights "
        f"{weights[i]:g} and {weights[j]:g}: say whether links are directed, or undirected, "
        "in which case their weights add up"
    )
