"""Populations found while tracing: who feeds whom, what is merged, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from netsci_dst.errors import TopologyError
from netsci_dst.topology import Population, Role

from .wiring import Wiring

NOTHING = -1


@dataclass
class Found:
    """A population while it is being found; ``first`` is the number of its first unit.

    A unit is an element of one sample of the model's input, or a neuron; input units become
    neurons ``unit // divisor % size`` when the first layer that reads them is known.
    """

    name: str
    units: int
    first: int
    role: Role = "hidden"
    shape: tuple[int, ...] | None = None
    divisor: int = 1
    size: int = 0
    decided: bool = True
    named: bool = False


@dataclass
class Graph:
    """What is known so far. Units of all populations are numbered through."""

    populations: list[Found] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    layers: dict[str, tuple[int, int]] = field(default_factory=dict)
    grids: dict[str, int] = field(default_factory=dict)
    skips: list[tuple[int, int]] = field(default_factory=list)
    activities: dict[int, str] = field(default_factory=dict)

    def new(self, name: str, units: int, role: Role = "hidden") -> int:
        """Add a population and return its number."""
        last = self.populations[-1] if self.populations else None
        first = last.first + last.units if last else 0
        self.populations.append(Found(name, units, first, role, size=units))
        self.parents.append(len(self.parents))
        return len(self.parents) - 1

    def ids(self, population: int) -> Tensor:
        """Return the numbers of a population's units."""
        found = self.populations[population]
        return torch.arange(found.first, found.first + found.units)

    def root(self, population: int) -> int:
        """Return the population that this one has been merged into."""
        while self.parents[population] != population:
            population = self.parents[population]
        return population

    def owner(self, unit: int) -> int:
        """Return the population, as created, that a unit belongs to."""
        for number in range(len(self.populations) - 1, -1, -1):
            if self.populations[number].first <= unit:
                return number
        raise AssertionError(unit)

    def read(self, rows: Tensor, path: str, grid_allowed: bool) -> tuple[int, int]:
        """Return the population behind a layer's inputs, and how many inputs make a neuron.

        Parameters
        ----------
        rows
            Units read, shape ``(positions, inputs)``.
        """
        rows = rows[(rows != NOTHING).any(1)]
        if rows.numel() == 0 or (rows == NOTHING).any():
            raise undeclared(f"layer {path!r} reads values that come from no population")
        number = self.owner(int(rows[0, 0]))
        found = self.populations[number]
        local = rows - found.first
        if int(local.min()) < 0 or int(local.max()) >= found.units:
            raise undeclared(f"layer {path!r} reads several populations at once")
        if not found.decided:
            _decide(found, local)
        neurons = local // found.divisor % found.size
        inputs = rows.shape[1]
        grid = max(inputs // found.size, 1)
        if (grid > 1 and not grid_allowed) or bool(
            (neurons != torch.arange(inputs) // grid).any() or inputs != grid * found.size
        ):
            raise undeclared(f"layer {path!r} reads the neurons of {found.name!r} in another order")
        return number, grid

    def merge(self, one: int, other: int) -> None:
        """Make two populations of one size the same, as both factors of q·k are."""
        one, other = self.root(one), self.root(other)
        if self.populations[one].size != self.populations[other].size:
            raise undeclared("two populations of different sizes meet")
        self.parents[max(one, other)] = min(one, other)

    def join(self, part: int, whole: int) -> None:
        """Let the layers that feed ``part`` feed ``whole`` instead."""
        part, name = self.root(part), self.populations[self.root(part)].name
        found = self.populations[whole]
        if not found.named:
            found.name, found.named = name, True
        self.parents[part] = whole

    def wiring(self, outputs: set[int]) -> Wiring:
        """Return what was found, in topological order."""
        layers = {path: (self.root(a), self.root(b)) for path, (a, b) in self.layers.items()}
        skips = {(self.root(a), self.root(b)): None for a, b in self.skips}
        used = {end for ends in (*layers.values(), *skips) for end in ends}
        ends = {self.root(number) for number in outputs} & used
        order = _sorted(sorted(used), [*layers.values(), *skips])
        names = {}
        populations = []
        for number in order:
            found = self.populations[number]
            only_end = number in ends and not any(a == number for a, _ in layers.values())
            role: Role = "output" if only_end and found.role == "hidden" else found.role
            names[number] = "output" if only_end and len(ends) == 1 else found.name
            populations.append(Population(names[number], found.size, role, "all", found.shape))
        last = {path for path, (_, b) in layers.items() if b in ends}
        return Wiring(
            tuple(populations),
            {path: (names[a], names[b]) for path, (a, b) in layers.items()},
            tuple((names[a], names[b]) for a, b in skips),
            sparse=tuple(path for path in layers if path not in last) or tuple(layers),
            grids=dict(self.grids),
            outputs=self._outputs(names),
        )

    def _outputs(self, names: dict[int, str]) -> dict[str, str]:
        paths = {self.root(number): path for number, path in self.activities.items()}
        return {names[number]: path for number, path in paths.items() if number in names}


def undeclared(why: str) -> TopologyError:
    """Return the error that asks for a declaration."""
    return TopologyError(
        f"cannot trace the model's populations: {why}; give the model a method wiring() that "
        "returns a netsci_dst.training.wiring.Wiring"
    )


def _decide(found: Found, local: Tensor) -> None:
    # What a unit of the model's input means shows when the first layer reads it: every element
    # of a flattened sample is a neuron, or the channels are, or the features of each position.
    inputs = local.shape[1]
    steps = torch.arange(inputs)
    if inputs == found.units:
        found.divisor, found.size = 1, inputs
    elif bool((local // (found.units // inputs) == steps).all()):
        found.divisor, found.size, found.shape = found.units // inputs, inputs, None
    else:
        found.divisor, found.size, found.shape = 1, inputs, None
    found.decided = True


def _sorted(numbers: list[int], edges: list[tuple[int, int]]) -> list[int]:
    waiting = {number: {a for a, b in edges if b == number and a != b} for number in numbers}
    if any(a == b for a, b in edges):
        raise undeclared("a population feeds itself")
    order: list[int] = []
    while waiting:
        ready = [number for number, before in waiting.items() if not before - set(order)]
        if not ready:
            raise undeclared("populations feed each other in a circle")
        order.append(ready[0])
        del waiting[ready[0]]
    return order
