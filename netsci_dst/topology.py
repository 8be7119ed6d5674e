"""The data model: populations of neurons, and the layers of links between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import TopologyError, UnknownName

if TYPE_CHECKING:
    import igraph
    import networkx
    import scipy.sparse

Role = Literal["input", "hidden", "output", "residual"]


@dataclass(frozen=True)
class Population:
    """A group of neurons.

    Attributes
    ----------
    name
        Unique within a topology.
    size
        Number of neurons, at least 1.
    role
        ``input`` and ``output`` neurons lack one side of links by nature; a ``residual`` stream is
        a sum and never percolates.
    combine
        Whether a neuron needs links in ``all`` of the layers that feed its population, or ``any``.
    shape
        The grid on which the neurons lie, such as ``(28, 28)`` or ``(3, 32, 32)``, in C order.
    """

    name: str
    size: int
    role: Role = "hidden"
    combine: Literal["all", "any"] = "all"
    shape: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise TopologyError("a population needs a name")
        if isinstance(self.size, bool) or int(self.size) != self.size or self.size < 1:
            raise TopologyError(f"population {self.name!r} needs at least one neuron")
        if self.role not in ("input", "hidden", "output", "residual"):
            raise TopologyError(
                f"population {self.name!r} has role {self.role!r}; "
                "it must be input, hidden, output or residual"
            )
        if self.combine not in ("all", "any"):
            raise TopologyError(f"population {self.name!r}: combine must be 'all' or 'any'")
        if self.shape is not None:
            shape = tuple(int(length) for length in self.shape)
            object.__setattr__(self, "shape", shape)
            if int(np.prod(shape)) != self.size or min(shape) < 1:
                raise TopologyError(
                    f"population {self.name!r} has {self.size} neurons, "
                    f"which do not fill a grid of shape {shape}"
                )


@dataclass(frozen=True, eq=False)
class Layer:
    """The links from a source to a target population, as a sparse matrix in CSR form.

    Row u of the matrix lists the targets of source neuron u, in increasing order.

    Attributes
    ----------
    name
        The path of the module in the network.
    source, target
        Names of the populations.
    shape
        ``(n_source, n_target)``.
    indptr
        Row starts, shape ``(n_source + 1,)``, int64.
    indices
        Target of each link, shape ``(n_links,)``, int32.
    weights
        Weight of each link, shape ``(n_links,)``, float32, or None when unknown.
    multiplicity
        For a convolution, the number of non-zero kernel entries behind each link, int32.
    directed
        False for a general network, where source and target are one population and each link is
        stored once, with source at most target.
    """

    name: str
    source: str
    target: str
    shape: tuple[int, int]
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    weights: NDArray[np.float32] | None = None
    multiplicity: NDArray[np.int32] | None = None
    directed: bool = True

    def __post_init__(self) -> None:
        put = lambda key, value: object.__setattr__(self, key, value)  # noqa: E731
        put("shape", (int(self.shape[0]), int(self.shape[1])))
        put("indptr", np.ascontiguousarray(self.indptr, dtype=np.int64))
        put("indices", np.ascontiguousarray(self.indices, dtype=np.int32))
        self._check_links()
        if self.weights is not None:
            weights = np.ascontiguousarray(self.weights, dtype=np.float32)
            if weights.shape != (self.n_links,):
                raise self._error(f"has {self.n_links} links but {weights.size} weights")
            if not np.isfinite(weights).all():
                raise self._error("has weights that are NaN or infinite")
            put("weights", weights)
        if self.multiplicity is not None:
            multiplicity = np.ascontiguousarray(self.multiplicity, dtype=np.int32)
            if multiplicity.shape != (self.n_links,) or (multiplicity < 1).any():
                raise self._error("needs a multiplicity of at least 1 for each link")
            put("multiplicity", multiplicity)

    def _check_links(self) -> None:
        n_source, n_target = self.shape
        if n_source < 1 or n_target < 1:
            raise self._error(f"has shape {self.shape}; both sides need a neuron")
        if self.indptr.shape != (n_source + 1,) or self.indptr[0] != 0:
            raise self._error(f"needs {n_source + 1} row starts, the first of them 0")
        if (np.diff(self.indptr) < 0).any() or self.indptr[-1] != self.indices.size:
            raise self._error("has row starts that do not match its links")
        if self.indices.size:
            if self.indices.min() < 0 or self.indices.max() >= n_target:
                raise self._error(f"has links to targets outside 0..{n_target - 1}")
            step = np.diff(self.indices.astype(np.int64))
            new_row = np.zeros(self.indices.size - 1, dtype=bool)
            starts = self.indptr[1:-1]
            starts = starts[(starts > 0) & (starts < self.indices.size)]
            new_row[starts - 1] = True
            if ((step <= 0) & ~new_row).any():
                raise self._error("has links that are repeated or out of order")
        if not self.directed and (self.sources > self.indices).any():
            raise self._error("is undirected, so each link's source must not exceed its target")

    def _error(self, what: str) -> TopologyError:
        return TopologyError(f"layer {self.name!r} {what}")

    @classmethod
    def from_links(
        cls,
        name: str,
        source: str,
        target: str,
        shape: tuple[int, int],
        sources: ArrayLike,
        targets: ArrayLike,
        weights: ArrayLike | None = None,
        multiplicity: ArrayLike | None = None,
        directed: bool = True,
    ) -> Layer:
        """Build a layer from link end points in any order.

        Raises
        ------
        TopologyError
            If an end lies outside the shape or a link is repeated.
        """
        u = np.asarray(sources, dtype=np.int64).ravel()
        v = np.asarray(targets, dtype=np.int64).ravel()
        if u.shape != v.shape:
            raise TopologyError(f"layer {name!r} has {u.size} sources but {v.size} targets")
        if u.size and (u.min() < 0 or u.max() >= shape[0] or v.min() < 0 or v.max() >= shape[1]):
            raise TopologyError(f"layer {name!r} has links outside its shape {tuple(shape)}")
        if not directed:
            u, v = np.minimum(u, v), np.maximum(u, v)
        order = np.lexsort((v, u))
        indptr = np.zeros(shape[0] + 1, dtype=np.int64)
        np.cumsum(np.bincount(u, minlength=shape[0]), out=indptr[1:])

        def in_order(values: ArrayLike | None, what: str) -> NDArray[Any] | None:
            if values is None:
                return None
            if np.size(values) != u.size:
                raise TopologyError(
                    f"layer {name!r} has {u.size} links but {np.size(values)} {what}"
                )
            return np.asarray(values).ravel()[order]

        return cls(
            name,
            source,
            target,
            shape,
            indptr,
            v[order].astype(np.int32),
            in_order(weights, "weights"),
            in_order(multiplicity, "multiplicities"),
            directed,
        )

    @classmethod
    def from_matrix(cls, name: str, source: str, target: str, matrix: Any) -> Layer:
        """Build a layer from a dense array or scipy sparse matrix ``(n_source, n_target)``.

        Non-zero entries are links; a boolean matrix gives links without weights.
        """
        import scipy.sparse

        if not scipy.sparse.issparse(matrix):
            matrix = np.asarray(matrix)
            if matrix.ndim != 2:
                raise TopologyError(
                    f"layer {name!r} needs a matrix, not an array of shape {matrix.shape}"
                )
            if matrix.dtype.kind not in "biuf":
                raise TopologyError(f"layer {name!r} needs a matrix of real numbers")
        csr = scipy.sparse.csr_array(matrix, copy=True)  # what the caller holds stays as it is
        csr.sum_duplicates()
        csr.eliminate_zeros()
        weights = None if csr.dtype == bool else csr.data
        return cls(name, source, target, csr.shape, csr.indptr, csr.indices, weights)

    @property
    def n_links(self) -> int:
        """Number of links."""
        return int(self.indices.size)

    @property
    def n_possible(self) -> int:
        """Number of possible links."""
        if self.directed:
            return self.shape[0] * self.shape[1]
        return self.shape[0] * (self.shape[0] - 1) // 2

    @property
    def density(self) -> float:
        """Links over possible links."""
        return self.n_links / self.n_possible if self.n_possible else 0.0

    @property
    def sparsity(self) -> float:
        """One minus density."""
        return 1.0 - self.density

    @cached_property
    def sources(self) -> NDArray[np.int32]:
        """Source of each link, shape ``(n_links,)``."""
        return np.repeat(np.arange(self.shape[0], dtype=np.int32), np.diff(self.indptr))

    @property
    def targets(self) -> NDArray[np.int32]:
        """Target of each link, shape ``(n_links,)``."""
        return self.indices

    @cached_property
    def keys(self) -> NDArray[np.int64]:
        """One number per link, ``source * n_target + target``, increasing."""
        return self.sources.astype(np.int64) * self.shape[1] + self.indices

    @cached_property
    def out_degrees(self) -> NDArray[np.int64]:
        """Links that leave each source neuron, shape ``(n_source,)``."""
        return np.diff(self.indptr)

    @cached_property
    def in_degrees(self) -> NDArray[np.int64]:
        """Links that enter each target neuron, shape ``(n_target,)``."""
        return np.bincount(self.indices, minlength=self.shape[1]).astype(np.int64)

    def to_scipy(self, weighted: bool = False) -> scipy.sparse.csr_array:
        """Return the ``(n_source, n_target)`` matrix: booleans, or float32 weights."""
        import scipy.sparse

        if weighted and self.weights is None:
            raise self._error("has no weights stored")
        data = self.weights if weighted else np.ones(self.n_links, dtype=bool)
        return scipy.sparse.csr_array((data, self.indices, self.indptr), shape=self.shape)

    def __repr__(self) -> str:
        return (
            f"Layer({self.name!r}, {self.source!r} -> {self.target!r}, shape={self.shape}, "
            f"links={self.n_links})"
        )


@dataclass(frozen=True)
class Dense:
    """A fully connected layer that is not evolved: its ends are known, its links are not listed."""

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
            if not layer.directed and (layer.source != layer.target or len(self.layers) > 1):
                raise TopologyError(
                    f"layer {layer.name!r} is undirected: it must be the only layer "
                    "and join one population to itself"
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
    def network(cls, graph: Any, name: str = "nodes") -> Topology:
        """Wrap a general undirected network (igraph, networkx or scipy sparse) as a topology."""
        import scipy.sparse

        from .graphs import as_adjacency

        upper = scipy.sparse.triu(as_adjacency(graph), k=1, format="coo")
        n = upper.shape[0]
        if n == 0:
            raise TopologyError("the graph has no nodes")
        layer = Layer.from_links("links", name, name, (n, n), upper.row, upper.col, directed=False)
        return cls((Population(name, n),), (layer,))

    @property
    def is_layered(self) -> bool:
        """False for a general network, whose one layer joins a population to itself."""
        return all(layer.directed for layer in self.layers)

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

    @cached_property
    def _adjacency(self) -> scipy.sparse.csr_array:
        import scipy.sparse

        u, v = self.links()
        n = self.n_nodes
        ends = (np.concatenate([u, v]), np.concatenate([v, u]))
        matrix = scipy.sparse.coo_array((np.ones(2 * u.size, dtype=bool), ends), shape=(n, n))
        csr = matrix.tocsr()
        csr.sum_duplicates()
        csr.data[:] = True
        return csr

    def to_scipy(self) -> scipy.sparse.csr_array:
        """Return the symmetric boolean adjacency ``(n_nodes, n_nodes)`` of the graph.

        Undirected and unweighted; parallel links of two layers between one pair count once.
        """
        return self._adjacency.copy()

    @cached_property
    def degrees(self) -> NDArray[np.int64]:
        """Degree of each node in the graph, shape ``(n_nodes,)``."""
        return np.diff(self._adjacency.indptr).astype(np.int64)

    def to_networkx(self) -> networkx.Graph:
        """Return a networkx graph: DiGraph when layered, Graph for a general network.

        Nodes carry ``population``, ``index`` and ``degree``; links carry ``layer`` and, when
        known, ``weight`` and ``multiplicity``. Parallel links need a MultiDiGraph, which is
        returned when two layers join the same pair of populations.
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
        inside = ", ".join(f"{p.name}:{p.size}" for p in self.populations)
        return f"Topology({inside}; {len(self.layers)} sparse layers, {self.n_links} links)"


def _refuse_repeats(what: str, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise TopologyError(f"two {what}s are called {name!r}")
        seen.add(name)
