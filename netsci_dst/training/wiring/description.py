"""The populations of a model, and which of them each weight joins."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import TopologyError
from ...topology import Dense, Layer, Population, Topology
from ..matrix_view import MatrixView, block, every_view

if TYPE_CHECKING:
    import networkx
    from torch import nn


@dataclass(frozen=True)
class Break:
    """A place where neurons could not be followed.

    Attributes
    ----------
    operation
        What is done there, such as ``sort``.
    where
        Path of the module that does it.
    lost
        What is lost by it, in words.
    stops
        Whether neurons of the layers around it are not followed through.
    """

    operation: str
    where: str
    lost: str
    stops: bool = True

    def __str__(self) -> str:
        return f"{self.operation} in {self.where or 'the model'}: {self.lost}"


@dataclass(frozen=True)
class Part:
    """A block of a layer's weight that is a layer of its own: one of packed q, k and v.

    Attributes
    ----------
    layer
        Name of the whole weight's `MatrixView`.
    sources, targets
        The positions it takes on either side, as half-open ranges.
    """

    layer: str
    sources: tuple[int, int]
    targets: tuple[int, int]


@dataclass(frozen=True)
class Wiring:
    """The populations of a model, and which of them each layer joins.

    Attributes
    ----------
    populations
        In topological order. Population ``combine`` says whether a neuron fed by several layers
        needs links in all of them (products, such as q·k) or in any; the role ``residual`` marks
        sums, which never percolate.
    layers
        Name of each weight, as in `MatrixView.name` or `parts` -> (source population, target
        population). Weights not named here are never sparse and no part of the topology.
    skips
        Pairs of populations of one size that are joined neuron by neuron.
    sparse
        Patterns (as in `fnmatch`) of the names that are sparse unless the user says which.
    grids
        Name -> consecutive inputs of that layer that belong to one source neuron, where
        that is not 1: a linear layer that reads flattened channels.
    outputs
        Population -> path of the module whose output is that population's activity; of a
        population that is not named here, it is the input of any layer that leaves it.
    parts
        Layers that are blocks of a weight: where a weight feeds several populations, or reads
        several, each block is a layer, named by the weight and a number.
    breaks
        Where neurons could not be followed, and what is lost by it.

    Examples
    --------
    >>> wiring = Wiring(
    ...     populations=(Population("input", 4, "input"), Population("output", 2, "output")),
    ...     layers={"fc": ("input", "output")},
    ... )
    >>> wiring.sparse_names()
    ['fc']
    >>> print(wiring)
    input (4, input)
      fc -> output
    output (2, output)
    """

    populations: tuple[Population, ...]
    layers: Mapping[str, tuple[str, str]]
    skips: tuple[tuple[str, str], ...] = ()
    sparse: tuple[str, ...] = ("*",)
    grids: Mapping[str, int] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)
    breaks: tuple[Break, ...] = ()

    def __post_init__(self) -> None:
        known = {population.name for population in self.populations}
        for path, ends in self.layers.items():
            for name in ends:
                if name not in known:
                    raise TopologyError(f"layer {path!r} joins {name!r}, which is no population")
        for path in (*self.grids, *self.parts):
            if path not in self.layers:
                raise TopologyError(f"a grid or part is given for {path!r}, which is no layer")
        for name in self.outputs:
            if name not in known:
                raise TopologyError(f"an output is given for {name!r}, which is no population")

    def sparse_names(self, patterns: Iterable[str] | str | None = None) -> list[str]:
        """Return the names of layers that match the patterns, in the order of `layers`.

        Parameters
        ----------
        patterns
            As in `fnmatch`; `sparse` when left out. A pattern starting with ``!`` excludes; where
            the first one does, it excludes from `sparse`.

        Raises
        ------
        TopologyError
            If a pattern matches no layer.
        """
        if patterns is None:
            patterns = self.sparse
        patterns = [patterns] if isinstance(patterns, str) else list(patterns)
        if patterns and patterns[0].startswith("!"):
            patterns = [*self.sparse, *patterns]
        chosen: set[str] = set()
        for pattern in patterns:
            found = self._matching(pattern.removeprefix("!"))
            if not found:
                raise TopologyError(
                    f"no layer matches {pattern!r}; the layers are " + ", ".join(self.layers)
                )
            chosen = chosen - found if pattern.startswith("!") else chosen | found
        return [path for path in self.layers if path in chosen]

    def _matching(self, pattern: str) -> set[str]:
        found = {path for path in self.layers if fnmatch.fnmatchcase(path, pattern)}
        whole = {path for path, part in self.parts.items()
                 if fnmatch.fnmatchcase(part.layer, pattern)}  # fmt: skip
        return found | whole

    def views(self, model: nn.Module) -> dict[str, MatrixView]:
        """Return each layer's weight as a matrix, by name: parts cut out, flattened grids inside.

        Raises
        ------
        TopologyError
            If the model has no such weight, or it does not fit.
        """
        known = every_view(model)
        return {name: self._view(model, known, name) for name in self.layers}

    def _view(self, model: nn.Module, known: Mapping[str, MatrixView], name: str) -> MatrixView:
        part = self.parts.get(name)
        whole = known.get(part.layer if part else name)
        if whole is None:
            raise TopologyError(_no_weight(model, part.layer if part else name))
        return block(
            whole,
            part.sources if part else None,
            part.targets if part else None,
            self.grids.get(name, 1),
        )

    def check(self, model: nn.Module) -> None:
        """Refuse a wiring that does not fit the model.

        Raises
        ------
        TopologyError
            If a layer is missing, has no weight that can be sparse, or its sizes differ from
            those of its populations.
        """
        sizes = {population.name: population.size for population in self.populations}
        known = every_view(model)
        for name, (source, target) in self.layers.items():
            actual = self._view(model, known, name).neurons
            if actual != (sizes[source], sizes[target]):
                raise TopologyError(
                    f"layer {name!r} joins {actual[0]} to {actual[1]} neurons, but "
                    f"{source!r} and {target!r} have {sizes[source]} and {sizes[target]}"
                )
        for path in self.outputs.values():
            try:
                model.get_submodule(path)
            except AttributeError:
                raise TopologyError(f"the model has no module {path!r}") from None

    def topology(self, model: nn.Module, parameters: Mapping[str, Any] | None = None) -> Topology:
        """Return the model's topology now: sparse layers with links, the others as dense.

        Parameters
        ----------
        parameters
            What is sparse, by the names of `layers`; each has ``to_layer(name, source, target)``.
        """
        layers: list[Layer] = []
        dense: list[Dense] = []
        for name, (source, target) in self.layers.items():
            if parameters is not None and name in parameters:
                layers.append(parameters[name].to_layer(name, source, target))
            else:
                dense.append(Dense(name, source, target))
        return Topology(*self._seen(layers, dense), self.skips)

    def _seen(
        self, layers: list[Layer], dense: list[Dense]
    ) -> tuple[tuple[Population, ...], tuple[Layer, ...], tuple[Dense, ...]]:
        # The tokens of a vocabulary are neurons only where their embedding is sparse.
        silent = {
            population.name
            for population in self.populations
            if population.name.endswith(TOKENS)
            and not any(population.name in (layer.source, layer.target) for layer in layers)
        }
        populations = tuple(p for p in self.populations if p.name not in silent)
        return populations, tuple(layers), tuple(d for d in dense if d.source not in silent)

    def feeding(self, population: str) -> list[str]:
        """Return the names of the layers whose target is the population."""
        return [path for path, (_, target) in self.layers.items() if target == population]

    def leaving(self, population: str) -> list[str]:
        """Return the names of the layers whose source is the population."""
        return [path for path, (source, _) in self.layers.items() if source == population]

    @property
    def is_whole(self) -> bool:
        """Whether neurons were followed from one end of the model to the other."""
        return not any(one.stops for one in self.breaks)

    def text(self) -> str:
        """Return who feeds whom, a population and the layers that leave it at a time."""
        from .text import as_text

        return as_text(self)

    def __str__(self) -> str:
        return self.text()

    def to_networkx(self) -> networkx.MultiDiGraph[Any]:
        """Return populations as nodes, layers and skips as edges."""
        from .text import as_networkx

        return as_networkx(self)

    def to_graphviz(self) -> str:
        """Return the graph in the DOT language, for ``dot -Tsvg``."""
        from .text import as_dot

        return as_dot(self)


TOKENS = ".tokens"
"""How the names of populations end whose neurons are the rows of an embedding."""


def _no_weight(model: nn.Module, name: str) -> str:
    try:
        kind = type(model.get_submodule(name)).__name__
    except AttributeError:
        return f"the model has no module {name!r} whose weight could be sparse"
    return (
        f"{name!r} is a {kind}: only linear layers, convolutions, attention, recurrent cells and "
        "embeddings can be sparse"
    )
