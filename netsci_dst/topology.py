"""The data model: populations of neurons, and the layers of links between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .errors import TopologyError, UnknownName
from .layer import Layer
from .network import LinkTable, Merged, simple_parts
from .population import Population, Role

if TYPE_CHECKING:
    import igraph
    import networkx
    import scipy.sparse

__all__ = ["Dense", "Layer", "Population", "Role", "Topology"]


@dataclass(frozen=True)
class Dense:
    """A fully connected layer that is not evolved: its ends are known, its links are not listed.

    Attributes
    ----------
    name
        The path of the module in the network.
    source, target
        Names of the populations.

    Examples
    --------
    >>> Dense("head", source="hidden1", target="output")
    Dense(name='head', source='hidden1', target='output')
    """

    name: str
    source: str
    target: str


@dataclass(frozen=True, eq=False)
class Topology:
    """Populations joined by sparse layers: a directed acyclic graph, or one general network.

    Attributes
    ----------
    populations
        All groups of neurons, in topological order.
    layers
        The sparse layers, whose links are listed.
    dense
        Fully connected layers: for percolation each counts as links everywhere; measures that
        follow links leave them out.
    skips
        Pairs of populations of one size joined neuron by neuron (residual connections).

    Examples
    --------
    >>> import numpy as np
    >>> chain = Topology.chain([np.eye(4), np.ones((4, 2))])
    >>> [(p.name, p.size) for p in chain.populations], chain.n_links
    ([('input', 4), ('hidden1', 4), ('output', 2)], 12)
    >>> chain.degrees.tolist()
    [1, 1, 1, 1, 3, 3, 3, 3, 4, 4]
    """

    populations: tuple[Population, ...]
    layers: tuple[Layer, ...]
    dense: tuple[Dense, ...] = ()
    skips: tuple[tuple[str, str], ...] = field(default=())

    def __post_init__(self) -> None:
        put = lambda key, value: object.__setattr__(self, key, value)  # noqa: E731
        put("populations", tuple(self.populations))
        put("layers", tuple(self.layers))
        put("dense", tuple(self.dense))
        put("skips", tuple((str(a), str(b)) for a, b in self.skips))
        if not self.populations:
            raise TopologyError("a topology needs at least one population")
        _refuse_repeats("population", [population.name for population in self.populations])
        _refuse_repeats("layer", [layer.name for layer in (*self.layers, *self.dense)])
        for layer in self.layers:
            ends = (self.population(layer.source).size, self.population(layer.target).size)
            if ends != layer.shape:
                raise TopologyError(
                    f"layer {layer.name!r} has shape {layer.shape}, but its populations have "
                    f"{ends[0]} and {ends[1]} neurons"
                )
            inside = layer.source == layer.target
            if (inside and len(self.layers) > 1) or (not inside and not layer.directed):
                wrong = "is not the only one, but joins a population to itself"
                raise TopologyError(
                    f"layer {layer.name!r} {wrong if inside else 'is undirected'}: a general "
                    "network has one layer, which joins its one population to itself"
                )
        for a, b in self.skips:
            if self.population(a).size != self.population(b).size:
                raise TopologyError(f"the skip from {a!r} to {b!r} joins different sizes")
        if self.is_layered:
            self._check_acyclic()

    def _check_acyclic(self) -> None:
        place = {population.name: i for i, population in enumerate(self.populations)}
        edges = [(layer.source, layer.target) for layer in (*self.layers, *self.dense)]
        for source, target in (*edges, *self.skips):
            for name in (source, target):
                if name not in place:
                    raise UnknownName("population", name, place)
            if place[source] >= place[target]:
                raise TopologyError(
                    f"populations must be listed in topological order, "
                    f"but {source!r} feeds {target!r}"
                )

    @classmethod
    def chain(
        cls,
        matrices: Sequence[Any],
        names: Sequence[str] | None = None,
        input_shape: tuple[int, ...] | None = None,
    ) -> Topology:
        """Build the topology of an MLP from its ``(n_source, n_target)`` matrices, first to last.

        Examples
        --------
        >>> import numpy as np
        >>> from netsci_dst.topology import Topology
        >>> Topology.chain([np.eye(3), np.ones((3, 2))]).n_links
        9
        """
        if not matrices:
            raise TopologyError("a chain needs at least one matrix")
        sizes = [matrices[0].shape[0], *(matrix.shape[1] for matrix in matrices)]
        last = len(matrices)
        roles: list[Role] = ["input", *["hidden"] * (last - 1), "output"]  # type: ignore[list-item]
        labels = ["input", *(f"hidden{i}" for i in range(1, last)), "output"]
        populations = [
            Population(label, size, role, shape=input_shape if i == 0 else None)
            for i, (label, size, role) in enumerate(zip(labels, sizes, roles, strict=True))
        ]
        names = names or [f"layer{i}" for i in range(1, last + 1)]
        layers = [
            Layer.from_matrix(name, labels[i], labels[i + 1], matrix)
            for i, (name, matrix) in enumerate(zip(names, matrices, strict=True))
        ]
        return cls(tuple(populations), tuple(layers))

    @classmethod
    def network(cls, graph: Any, name: str = "nodes", directed: bool | None = None) -> Topology:
        """Wrap a general network (igraph, networkx, scipy sparse or numpy) as a topology.

        Names, attributes of nodes, weights and directions are kept. Parallel links are merged,
        their weights added; self-loops are left out. A matrix is undirected when it is symmetric
        or triangular.

        Parameters
        ----------
        directed
            Overrules what the graph says.

        Raises
        ------
        TopologyError
            If it is no graph, or has no nodes.
        """
        from .link_tables import link_table

        return simple_network(link_table(graph), name, directed)[0]

    @property
    def is_layered(self) -> bool:
        """False for a general network, whose one layer joins a population to itself."""
        return all(layer.source != layer.target for layer in self.layers)

    @property
    def is_directed(self) -> bool:
        """Whether the links have directions: False for an undirected general network alone."""
        return all(layer.directed for layer in self.layers)

    @property
    def is_weighted(self) -> bool:
        """Whether every link has a weight."""
        return bool(self.layers) and all(layer.weights is not None for layer in self.layers)

    @property
    def n_links(self) -> int:
        """Number of links in the sparse layers."""
        return sum(layer.n_links for layer in self.layers)

    @property
    def density(self) -> float:
        """Links over possible links, over the sparse layers together."""
        possible = sum(layer.n_possible for layer in self.layers)
        return self.n_links / possible if possible else 0.0

    def population(self, name: str) -> Population:
        """Return a population by name."""
        try:
            return self._population_by_name[name]
        except KeyError:
            raise UnknownName("population", name, self._population_by_name) from None

    def layer(self, name: str) -> Layer:
        """Return a sparse layer by name."""
        by_name = {layer.name: layer for layer in self.layers}
        if name not in by_name:
            raise UnknownName("layer", name, by_name)
        return by_name[name]

    @cached_property
    def _population_by_name(self) -> dict[str, Population]:
        return {population.name: population for population in self.populations}

    # --- the graph of the sparse layers -------------------------------------------------------

    @cached_property
    def graph_populations(self) -> tuple[Population, ...]:
        """The populations that a sparse layer or a skip touches: the nodes of the graph."""
        touched = {name for layer in self.layers for name in (layer.source, layer.target)}
        return tuple(p for p in self.populations if p.name in touched)

    @cached_property
    def offsets(self) -> Mapping[str, int]:
        """Index of the first node of each of `graph_populations` in the graph."""
        starts = np.cumsum([0, *(p.size for p in self.graph_populations)])
        return {p.name: int(s) for p, s in zip(self.graph_populations, starts)}

    @property
    def n_nodes(self) -> int:
        """Number of nodes of the graph, isolated ones included."""
        return sum(p.size for p in self.graph_populations)

    @cached_property
    def node_population(self) -> NDArray[np.int32]:
        """For each node, the position of its population in `graph_populations`."""
        sizes = [p.size for p in self.graph_populations]
        return np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)

    def nodes(self, population: str) -> slice:
        """Return the nodes of a population as a slice."""
        if population not in self.offsets:
            raise UnknownName("population with sparse layers", population, self.offsets)
        start = self.offsets[population]
        return slice(start, start + self.population(population).size)

    def links(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return source and target node of every link, layer after layer."""
        if not self.layers:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        u = [layer.sources.astype(np.int64) + self.offsets[layer.source] for layer in self.layers]
        v = [layer.indices.astype(np.int64) + self.offsets[layer.target] for layer in self.layers]
        return np.concatenate(u), np.concatenate(v)

    @property
    def node_labels(self) -> tuple[str, ...]:
        """What each node of the graph is called; in a layered one after its population."""
        if len(self.graph_populations) == 1:
            return self.graph_populations[0].labels
        return tuple(f"{p.name} {label}" for p in self.graph_populations for label in p.labels)

    @cached_property
    def _adjacency(self) -> scipy.sparse.csr_array:
        matrix = self._matrix(np.ones(self.n_links, dtype=bool), symmetric=True)
        matrix.data[:] = True
        return matrix

    def _matrix(self, values: NDArray[Any], symmetric: bool) -> scipy.sparse.csr_array:
        import scipy.sparse

        u, v = self.links()
        if symmetric:
            values = np.concatenate([values, values])
            u, v = np.concatenate([u, v]), np.concatenate([v, u])
        csr = scipy.sparse.coo_array((values, (u, v)), shape=(self.n_nodes,) * 2).tocsr()
        csr.sum_duplicates()
        return csr

    def to_scipy(self, weighted: bool = False, directed: bool = False) -> scipy.sparse.csr_array:
        """Return the adjacency matrix ``(n_nodes, n_nodes)`` of the graph.

        Parameters
        ----------
        weighted
            Float64 weights in place of booleans; those of parallel or reciprocal links add up.
        directed
            Row to column in the direction of each link; symmetric otherwise, and always for an
            undirected network.

        Raises
        ------
        TopologyError
            If weights are asked for and a layer has none.
        """
        symmetric = not (directed and self.is_directed)
        if not weighted:
            if symmetric:
                return self._adjacency.copy()
            matrix = self._matrix(np.ones(self.n_links, dtype=bool), symmetric)
            matrix.data[:] = True
            return matrix
        known = [layer.weights for layer in self.layers if layer.weights is not None]
        if len(known) < len(self.layers):
            raise TopologyError("this topology has links whose weights are unknown")
        weights = np.concatenate(known, dtype=np.float64) if known else np.empty(0)
        return self._matrix(weights, symmetric)

    def undirected(self) -> Topology:
        """Return a general network without its directions; anything else as it is.

        The weights of two links between the same nodes add up.
        """
        if self.is_layered or not self.is_directed:
            return self
        population, layer = self.populations[0], self.layers[0]
        table = LinkTable(
            population.size,
            layer.sources,
            layer.indices,
            layer.weights,
            directed=False,
            names=population.names,
            attributes=population.attributes,
        )
        return simple_network(table, population.name)[0]

    @cached_property
    def degrees(self) -> NDArray[np.int64]:
        """Degree of each node in the graph, shape ``(n_nodes,)``."""
        return np.diff(self._adjacency.indptr).astype(np.int64)

    def to_networkx(self) -> networkx.Graph[Any]:
        """Return a networkx graph: DiGraph when directed, Graph for an undirected network.

        Nodes carry ``name`` where they have one, and their attributes; in layers also
        ``population``, ``role``, ``index`` and ``degree``. Links carry ``weight`` and
        ``multiplicity`` when known; in layers also ``layer``.
        Parallel links need a MultiDiGraph, which is returned when two layers join the same pair
        of populations.
        """
        from .graphs import to_networkx

        return to_networkx(self)

    def to_igraph(self) -> igraph.Graph:
        """Return an igraph graph with the attributes of `to_networkx`."""
        from .graphs import to_igraph

        return to_igraph(self)

    # --- parts --------------------------------------------------------------------------------

    def part(self, layers: Iterable[str]) -> Topology:
        """Return the topology of some of the sparse layers and the populations they join."""
        chosen = [self.layer(name) for name in layers]
        touched = {name for layer in chosen for name in (layer.source, layer.target)}
        populations = [p for p in self.populations if p.name in touched]
        if not populations:
            raise TopologyError("a part of a topology needs at least one layer")
        skips = [pair for pair in self.skips if touched.issuperset(pair)]
        return Topology(tuple(populations), tuple(chosen), (), tuple(skips))

    @cached_property
    def hidden(self) -> Topology | None:
        """The part without input and output populations; None when no layer is left."""
        inner = [
            layer.name
            for layer in self.layers
            if self.population(layer.source).role not in ("input", "output")
            and self.population(layer.target).role not in ("input", "output")
        ]
        return self.part(inner) if inner else None

    def replace_layers(self, layers: Iterable[Layer]) -> Topology:
        """Return a copy with other layers, the populations unchanged."""
        return replace(self, layers=tuple(layers))

    def __repr__(self) -> str:
        if not self.is_layered:
            how = "directed" if self.is_directed else "undirected"
            weighted = ", weighted" if self.is_weighted else ""
            return f"Topology({self.n_nodes} nodes, {self.n_links} links, {how}{weighted})"
        inside = ", ".join(f"{p.name}:{p.size}" for p in self.populations)
        return f"Topology({inside}; {len(self.layers)} sparse layers, {self.n_links} links)"


def simple_network(
    table: LinkTable, name: str = "nodes", directed: bool | None = None
) -> tuple[Topology, Merged]:
    """Return a list of links as a network, and what was merged; see `network.simple_parts`."""
    population, layer, merged = simple_parts(table, name, directed)
    return Topology((population,), (layer,)), merged


def _refuse_repeats(what: str, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise TopologyError(f"two {what}s are called {name!r}")
        seen.add(name)
