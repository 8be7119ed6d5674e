"""Which populations of neurons the layers of a model join."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from netsci_dst.errors import TopologyError
from netsci_dst.topology import Dense, Layer, Population, Topology

if TYPE_CHECKING:
    from torch import nn


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
        Module path of each linear or convolutional layer -> (source population, target
        population). Layers not named here are never sparse and no part of the topology.
    skips
        Pairs of populations of one size that are joined neuron by neuron.
    sparse
        Patterns (as in `fnmatch`) of the module paths that are sparse unless the user says which.
    grids
        Module path -> consecutive inputs of that layer that belong to one source neuron, where
        that is not 1: a linear layer that reads flattened channels.
    outputs
        Population -> path of the module whose output is that population's activity; of a
        population that is not named here, it is the input of any layer that leaves it.

    Examples
    --------
    >>> wiring = Wiring(
    ...     populations=(Population("input", 4, "input"), Population("output", 2, "output")),
    ...     layers={"fc": ("input", "output")},
    ... )
    >>> wiring.sparse_names()
    ['fc']
    """

    populations: tuple[Population, ...]
    layers: Mapping[str, tuple[str, str]]
    skips: tuple[tuple[str, str], ...] = ()
    sparse: tuple[str, ...] = ("*",)
    grids: Mapping[str, int] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = {population.name for population in self.populations}
        for path, ends in self.layers.items():
            for name in ends:
                if name not in known:
                    raise TopologyError(f"layer {path!r} joins {name!r}, which is no population")
        for path in self.grids:
            if path not in self.layers:
                raise TopologyError(f"a grid is given for {path!r}, which is no layer")
        for name in self.outputs:
            if name not in known:
                raise TopologyError(f"an output is given for {name!r}, which is no population")

    def sparse_names(self, patterns: Iterable[str] | str | None = None) -> list[str]:
        """Return the module paths that match the patterns, in the order of `layers`.

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
            found = fnmatch.filter(self.layers, pattern.removeprefix("!"))
            if not found:
                raise TopologyError(
                    f"no layer matches {pattern!r}; the layers are " + ", ".join(self.layers)
                )
            chosen = chosen - set(found) if pattern.startswith("!") else chosen | set(found)
        return [path for path in self.layers if path in chosen]

    def check(self, model: nn.Module) -> None:
        """Refuse a wiring that does not fit the model.

        Raises
        ------
        TopologyError
            If a layer is missing, is no linear or convolutional layer, or its sizes differ from
            those of its populations.
        """
        sizes = {population.name: population.size for population in self.populations}
        for path, (source, target) in self.layers.items():
            actual = _neurons(_module(model, path), path, self.grids.get(path, 1))
            if actual != (sizes[source], sizes[target]):
                raise TopologyError(
                    f"layer {path!r} joins {actual[0]} to {actual[1]} neurons, but "
                    f"{source!r} and {target!r} have {sizes[source]} and {sizes[target]}"
                )
        for path in self.outputs.values():
            _module(model, path)

    def topology(self, model: nn.Module) -> Topology:
        """Return the model's topology now: sparse layers with links, the others as dense."""
        from .layers import SparseLayer

        layers: list[Layer] = []
        dense: list[Dense] = []
        for path, (source, target) in self.layers.items():
            module = _module(model, path)
            if isinstance(module, SparseLayer):
                layers.append(module.to_layer(path, source, target, self.grids.get(path, 1)))
            else:
                dense.append(Dense(path, source, target))
        return Topology(self.populations, tuple(layers), tuple(dense), self.skips)

    def feeding(self, population: str) -> list[str]:
        """Return the paths of the layers whose target is the population."""
        return [path for path, (_, target) in self.layers.items() if target == population]

    def leaving(self, population: str) -> list[str]:
        """Return the paths of the layers whose source is the population."""
        return [path for path, (source, _) in self.layers.items() if source == population]


def of(model: nn.Module, example_input: Any = None) -> Wiring:
    """Return the model's own wiring, or trace one when it declares none.

    Parameters
    ----------
    example_input
        A batch (or tuple of arguments), needed where shapes decide the populations.
    """
    declare = getattr(model, "wiring", None)
    if isinstance(declare, Wiring):
        found = declare
    elif callable(declare):
        found = cast(Wiring, declare())
    else:
        found = trace(model, example_input)
    found.check(model)
    return found


def trace(model: nn.Module, example_input: Any = None) -> Wiring:
    """Find the populations of any `torch.nn.Module` by following its operations.

    Element-wise operations, normalisation, dropout and flattening keep a population; a product of
    two layers' outputs (q·k, gate·up) makes their targets one population that needs both; a sum
    makes a ``residual`` population with skips.

    Parameters
    ----------
    example_input
        A batch, or a tuple of arguments.

    Raises
    ------
    TopologyError
        If the model cannot be traced or an operation has no meaning for neurons: give the model a
        method ``wiring()`` that returns a `Wiring`.
    """
    from ._wiring_trace import trace_module

    return trace_module(model, example_input)


def _module(model: nn.Module, path: str) -> nn.Module:
    try:
        return model.get_submodule(path)
    except AttributeError:
        raise TopologyError(f"the model has no module {path!r}") from None


def _neurons(module: nn.Module, path: str, grid: int) -> tuple[int, int]:
    from torch import nn

    from .layers import SparseLayer

    if isinstance(module, SparseLayer):
        return module.neurons(grid)
    if isinstance(module, nn.Linear):
        if module.in_features % grid:
            raise TopologyError(
                f"layer {path!r} has {module.in_features} inputs, not whole neurons of {grid} each"
            )
        return module.in_features // grid, module.out_features
    if isinstance(module, nn.Conv2d):
        return module.in_channels, module.out_channels
    raise TopologyError(f"{path!r} is a {type(module).__name__}, not a linear layer or convolution")
