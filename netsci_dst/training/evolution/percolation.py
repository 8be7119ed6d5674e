"""Percolation: links of neurons that no signal can pass go (CHT app. D; CHTss app. F).

It acts on populations, so that products (q·k, gate·up) and sums (residual streams) need no special
code: a population says whether all or any of the layers that feed it must reach a neuron.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol, TypeAlias

import torch
from torch import Tensor

if TYPE_CHECKING:
    from ...topology import Population
    from ..wiring import Wiring


Alive: TypeAlias = "dict[str, Tensor | None]"


class Activity(Protocol):
    """Which neurons of one layer have links, and how those of idle neurons go."""

    @property
    def frozen(self) -> bool:
        """Whether percolation leaves the layer alone."""
        ...

    @property
    def heard(self) -> Tensor:
        """Which source neurons have a link, bool."""
        ...

    @property
    def reached(self) -> Tensor:
        """Which target neurons have a link, bool."""
        ...

    def restrict(self, sources: Tensor | None = None, targets: Tensor | None = None) -> None:
        """Let links of all but these neurons go, at the latest at the next `flush`."""

    def flush(self) -> None:
        """Make sure that they are gone."""


class Ends:
    """The links of one sparse layer between neurons: source, target, and whether still there."""

    def __init__(self, sources: Tensor, targets: Tensor, keep: Tensor, frozen: bool = False):
        self.sources = sources
        self.targets = targets
        self.keep: Tensor = keep
        self.frozen = frozen

    @property
    def heard(self) -> Tensor:
        """Which source neurons have a link, as far as the last that has one."""
        return torch.bincount(self.sources[self.keep]) > 0

    @property
    def reached(self) -> Tensor:
        """Which target neurons have a link, as far as the last that has one."""
        return torch.bincount(self.targets[self.keep]) > 0

    def restrict(self, sources: Tensor | None = None, targets: Tensor | None = None) -> None:
        """Let links of all but these neurons go."""
        if sources is not None and not bool(sources.all()):
            self.keep = self.keep & sources[self.sources]
        if targets is not None and not bool(targets.all()):
            self.keep = self.keep & targets[self.targets]

    def flush(self) -> None:
        """Do nothing: links go at once."""


class Network:
    """The populations of a model and the layers between them, for questions about neurons.

    Parameters
    ----------
    wiring
        Populations, layers and skips. A layer of which no `Activity` is given is dense: it counts
        as links everywhere.
    """

    def __init__(self, wiring: Wiring):
        self.populations: tuple[Population, ...] = tuple(wiring.populations)
        by_name = {p.name: p for p in self.populations}
        self.ends_of_layer: dict[str, tuple[Population, Population]] = {
            name: (by_name[source], by_name[target])
            for name, (source, target) in wiring.layers.items()
        }
        self.feeding: dict[str, list[str]] = {p.name: [] for p in self.populations}
        self.leaving: dict[str, list[str]] = {p.name: [] for p in self.populations}
        for name, (source, target) in wiring.layers.items():
            self.leaving[source].append(name)
            self.feeding[target].append(name)
        self.skips_into: set[str] = {b for _, b in wiring.skips}
        self.skips_from: set[str] = {a for a, _ in wiring.skips}

    # --- one population -----------------------------------------------------------------------

    def inactive(self, population: Population, ends: Mapping[str, Activity]) -> Tensor | None:
        """Return which neurons lack links on a side, bool ``(size,)``; None where that is moot."""
        alive = self.alive(population, ends)
        return None if alive is None else ~alive

    def alive(self, population: Population, ends: Mapping[str, Activity]) -> Tensor | None:
        """Return which neurons have links on both sides, ``(size,)``; None where that is moot."""
        if population.role == "residual":
            return None
        reached = self._reached(population, ends)
        heard = self._heard(population, ends)
        if reached is None or heard is None:
            return reached if heard is None else heard
        return reached & heard

    def _reached(self, population: Population, ends: Mapping[str, Activity]) -> Tensor | None:
        layers = self.feeding[population.name]
        if population.role == "input" or not layers:
            return None
        sparse = [name for name in layers if name in ends]
        everywhere = len(sparse) < len(layers) or population.name in self.skips_into
        if not sparse or (everywhere and population.combine == "any"):
            return None
        together = operator.and_ if population.combine == "all" else operator.or_
        return _joined((ends[name].reached for name in sparse), population.size, together)

    def _heard(self, population: Population, ends: Mapping[str, Activity]) -> Tensor | None:
        layers = self.leaving[population.name]
        if population.role == "output" or not layers:
            return None
        sparse = [name for name in layers if name in ends]
        if len(sparse) < len(layers) or population.name in self.skips_from:
            return None
        return _joined((ends[name].heard for name in sparse), population.size, operator.or_)

    # --- the whole network --------------------------------------------------------------------

    def percolate(self, ends: Mapping[str, Activity]) -> Alive | None:
        """Remove the links to and from inactive neurons, backward then forward.

        Returns
        -------
        dict
            The alive neurons of each population afterwards; None where they would have to be looked
            for anew.
        """
        found: Alive = {}
        n_waves = 0
        for order in (list(reversed(self.populations)), list(self.populations)):
            found, n_waves = {}, 0
            for wave in self._waves(order, ends):
                n_waves += 1
                own = {p.name: self.alive(p, ends) for p in wave}
                found |= own
                for layer in self._restricted(own, ends):
                    layer.flush()
        # In one wave no population takes links from another.
        return found if n_waves == 1 else None

    def _restricted(self, found: Alive, ends: Mapping[str, Activity]) -> list[Activity]:
        touched: dict[str, Activity] = {}
        for population, alive in found.items():
            if alive is None:
                continue
            for name in self._moving(self.feeding[population], ends):
                ends[name].restrict(targets=alive)
                touched[name] = ends[name]
            for name in self._moving(self.leaving[population], ends):
                ends[name].restrict(sources=alive)
                touched[name] = ends[name]
        return list(touched.values())

    def _moving(self, names: Iterable[str], ends: Mapping[str, Activity]) -> list[str]:
        return [name for name in names if name in ends and not ends[name].frozen]

    def _waves(
        self, order: list[Population], ends: Mapping[str, Activity]
    ) -> Iterable[list[Population]]:
        """Cut the populations where one touches a layer that one before it has touched.

        Within a wave the order does not matter, so that it can be done at once.
        """
        wave: list[Population] = []
        touched: set[str] = set()
        for population in order:
            if population.role == "residual":
                continue
            layers = {*self.feeding[population.name], *self.leaving[population.name]}
            layers = {name for name in layers if name in ends}
            if touched & layers:
                yield wave
                wave, touched = [], set()
            wave.append(population)
            touched |= layers
        yield wave

    def alive_ends(
        self, ends: Mapping[str, Activity], found: Alive | None = None
    ) -> dict[str, tuple[Tensor | None, Tensor | None]]:
        """Return the alive source and target neurons of each layer; None where that is moot.

        Parameters
        ----------
        found
            What `percolate` returned, when no link has changed since.
        """
        if found is None:
            found = {p.name: self.alive(p, ends) for p in self.populations}
        pairs = {name: self.ends_of_layer[name] for name in ends if name in self.ends_of_layer}
        return {name: (found.get(a.name), found.get(b.name)) for name, (a, b) in pairs.items()}

    def active(self, ends: Mapping[str, Activity]) -> dict[str, Tensor]:
        """Return which neurons are active, by population, for the active-neuron rate (ANP).

        A neuron is active with an outgoing link; where no sparse layer leaves its population, with
        an incoming one. Populations that no sparse layer touches are left out.
        """
        found: dict[str, Tensor] = {}
        for population in self.populations:
            out = [ends[n] for n in self.leaving[population.name] if n in ends]
            into = [ends[n] for n in self.feeding[population.name] if n in ends]
            sides = [one.heard for one in out] or [one.reached for one in into]
            if sides:
                found[population.name] = _joined(sides, population.size, operator.or_)
        return found


def _joined(
    sides: Iterable[Tensor], size: int, together: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    return functools.reduce(together, [_padded(side, size) for side in sides])


def _padded(side: Tensor, size: int) -> Tensor:
    if side.numel() >= size:
        return side
    return torch.cat([side, side.new_zeros(size - side.numel())])
