"""A network as its page sees it: nodes with names, attributes and the measures of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import registry
from ..run_data import RunData

# Title of a column of the node table -> measure, array.
COLUMNS = {
    "strength": ("degrees", "strength"),
    "in": ("degrees", "in"),
    "out": ("degrees", "out"),
    "in strength": ("degrees", "in_strength"),
    "out strength": ("degrees", "out_strength"),
    "coreness": ("k_shell", "coreness"),
    "community": ("modularity", "membership"),
    "clustering": ("clustering", "clustering"),
    "betweenness": ("centrality", "betweenness"),
    "closeness": ("centrality", "closeness"),
    "eigenvector": ("centrality", "eigenvector"),
    "PageRank": ("centrality", "pagerank"),
}


@dataclass(frozen=True, eq=False)
class NetworkData(RunData):
    """One network; everything is read once, when first asked for."""

    @cached_property
    def step(self) -> int:
        """Step of its snapshot."""
        return self.run.snapshots.steps[-1]

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """What each node is called."""
        return self.populations[0].labels

    @property
    def named(self) -> bool:
        """Whether nodes have names of their own."""
        return self.populations[0].names is not None

    @property
    def directed(self) -> bool:
        """Whether links have a direction."""
        return bool(self.topology and self.topology.is_directed)

    @property
    def weighted(self) -> bool:
        """Whether links have weights."""
        return bool(self.topology and self.topology.is_weighted)

    @cached_property
    def degree(self) -> NDArray[np.int64]:
        """Neighbours of each node."""
        assert self.topology is not None
        return self.topology.degrees

    def of(self, measure: str, name: str) -> NDArray[Any] | None:
        """Return an array with a number for each node, None where it was not computed."""
        found = self.array(measure, name, self.step)
        return found if found is not None and len(found) == len(self.labels) else None

    def number(self, measure: str, quantity: str) -> float | None:
        """Return a value of the whole network."""
        return self.value(measure, quantity)

    @cached_property
    def components(self) -> tuple[int, NDArray[np.int64]]:
        """Number of connected components, and that of each node."""
        from scipy.sparse.csgraph import connected_components

        assert self.topology is not None
        n, of = connected_components(self.topology.to_scipy(), directed=False)
        return int(n), of

    @cached_property
    def largest(self) -> int:
        """Nodes of the largest component."""
        return int(np.bincount(self.components[1]).max())

    @cached_property
    def communities(self) -> NDArray[np.int64] | None:
        """Community of each node, the largest community 0."""
        found = self.of("modularity", "membership")
        if found is None:
            return None
        sizes = np.bincount(found)
        rank = np.empty(sizes.size, np.int64)
        rank[np.argsort(-sizes, kind="stable")] = np.arange(sizes.size)
        return rank[found]

    @property
    def n_communities(self) -> int:
        """Communities of two nodes and more."""
        return 0 if self.communities is None else int((np.bincount(self.communities) > 1).sum())

    @cached_property
    def bipartite(self) -> bool:
        """Whether links join only nodes of two different sides."""
        from ...analysis.structure.sides import is_bipartite
        from ...graphs import as_adjacency

        return is_bipartite(as_adjacency(self.topology))

    @cached_property
    def two_sided(self) -> bool:
        """Whether its nulls keep two sides: bipartite, and no forest."""
        from ...analysis.structure.sides import kept_sides

        return self.topology is not None and kept_sides(self.topology.undirected()) is not None

    @cached_property
    def polar(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Angle and radius of each node in the hyperbolic disk, NaN where it is not placed."""
        parts = [self.array("embedding", name, self.step) for name in ("theta", "r", "nodes")]
        theta, r, nodes = parts
        if theta is None or r is None or nodes is None:
            return None
        full = np.full((2, len(self.labels)), np.nan)
        full[0, nodes], full[1, nodes] = theta, r
        return full[0], full[1]

    @cached_property
    def columns(self) -> dict[str, Any]:
        """The node table by column: degree, what was measured, the nodes' attributes."""
        out: dict[str, Any] = {"degree": self.degree}
        for title, (measure, name) in COLUMNS.items():
            found = self.of(measure, name)
            if title == "community" and self.communities is not None:
                found = self.communities + 1  # as the table of communities counts them
            if found is not None and not (title in ("in", "out") and not self.directed):
                out[title] = found
        if self.components[0] > 1:
            sizes = np.bincount(self.components[1])
            rank = np.empty(sizes.size, np.int64)
            rank[np.argsort(-sizes, kind="stable")] = np.arange(1, sizes.size + 1)
            out["component"] = rank[self.components[1]]
        if self.polar is not None:
            out["θ"], out["r"] = self.polar
        out |= {name: values for name, values in self.outside.items() if name not in out}
        for name, values in self.populations[0].attributes.items():
            out[name if name not in out else f"{name} (attribute)"] = values
        return out

    @cached_property
    def outside(self) -> dict[str, NDArray[Any]]:
        """What measures from outside stored for each node, by name."""
        found: dict[str, NDArray[Any]] = {}
        for measure in registry.extensions("measure"):
            for name, values in self.arrays(measure, self.step).items():
                if values.shape == (len(self.labels),) and values.dtype.kind in "biuf":
                    found[name if name not in found else f"{measure} {name}"] = values
        return found

    def best(self, values: NDArray[Any], n: int) -> NDArray[np.int64]:
        """Return the nodes of the largest values, best first."""
        finite = np.where(np.isfinite(values.astype(float)), values.astype(float), -np.inf)
        return np.argsort(-finite, kind="stable")[:n]
