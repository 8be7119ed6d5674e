"""Neural networks out of graphs that this package wrote: populations and layers come back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...layer import Layer
from ...population import Population
from ...topology import Topology
from .found import Found

_MARKS = {"population", "index"}


def is_layered(found: Found) -> bool:
    """Whether nodes and links carry the marks of populations and layers."""
    marked = set(found.table.attributes) >= _MARKS and found.link_layers is not None
    return bool(marked and found.table.directed)


def layered(found: Found) -> Topology:
    """Return the populations and layers.

    Raises
    ------
    DataError
        If the links of a layer join more than two populations.
    """
    facts, table = found.table.attributes, found.table
    labels = facts["population"]
    names = list(dict.fromkeys(labels))
    of = np.array([names.index(name) for name in labels])
    index = np.asarray(facts["index"], dtype=np.int64)
    roles = facts.get("role", np.full(len(labels), "hidden", dtype=object))
    populations = tuple(
        Population(str(name), int((of == i).sum()), roles[int(np.argmax(of == i))])
        for i, name in enumerate(names)
    )
    which = np.array([str(layer) for layer in found.link_layers or ()], dtype=object)
    layers = [
        _layer(name, np.flatnonzero(which == name), table, of, index, populations)
        for name in dict.fromkeys(which)
    ]
    return Topology(populations, tuple(layers))


def _layer(
    name: str,
    here: NDArray[np.int64],
    table: Any,
    of: NDArray[np.int64],
    index: NDArray[np.int64],
    populations: tuple[Population, ...],
) -> Layer:
    u, v = np.asarray(table.sources)[here], np.asarray(table.targets)[here]
    if (of[u] != of[u[0]]).any() or (of[v] != of[v[0]]).any():
        raise DataError(f"layer {name!r} joins more than two populations")
    a, b = populations[of[u[0]]], populations[of[v[0]]]
    weights = None if table.weights is None else table.weights[here]
    return Layer.from_links(name, a.name, b.name, (a.size, b.size), index[u], index[v], weights)
