"""Percolation: links of neurons that no signal can pass go (CHT app. D; CHTss app. F).

It acts on populations, so that products (q·k, gate·up) and sums (residual streams) need no special
code: a population says whether all or any of the layers that feed it must reach a neuron.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from ...topology import Population
    from ..wiring import Wiring
    from ._layer import LayerUpdate


@dataclass(eq=False)
class Ends:
    """The links of one sparse layer between neurons: source, target, and whether still there."""

    sources: Tensor
    targets: Tensor
    keep: Tensor
    frozen: bool = False


def ends_of(drafts: list[LayerUpdate]) -> dict[str, Ends]:
    """Return the links that are left in each layer during an update."""
    ends: dict[str, Ends] = {}
    for draft in drafts:
        each = draft.of
        if each.name not in ends:
            u, v = each.layer.endpoints(None, each.grid)
            ends[each.name] = Ends(u, v, torch.ones_like(u, dtype=torch.bool))
        end = ends[each.name]
        if draft.where is None:
            end.keep = draft.links.keep.clone()
        else:
            end.keep[draft.where] = draft.links.keep
        end.frozen = all(each.stopped)
    return ends


class Network:
    """The populations of a model and the layers between them, for questions about neurons.

    Parameters
    ----------
    wiring
        Populations, layers and skips. A layer for which no `Ends` are given is dense: it counts as
        links everywhere.
    """

    def __init__(self, wiring: Wiring):
        self.populations: tuple[Population, ...] = tuple(wiring.populations)
        by_name = {p.name: p for p in self.populations}
        self.ends_of_layer = {
            name: (by_name[source], by_name[target])
            for name, (source, target) in wiring.layers.items()
        }
        self.feeding = {p.name: wiring.feeding(p.name) for p in self.populations}
        self.leaving = {p.name: wiring.leaving(p.name) for p in self.populations}
        self.skips_into = {
            p.name: any(b == p.name for _, b in wiring.skips) for p in self.populations
        }
        self.skips_from = {
            p.name: any(a == p.name for a, _ in wiring.skips) for p in self.populations
        }

    def inactive(self, population: Population, ends: Mapping[str, Ends]) -> Tensor | None:
        """Return which neurons lack links on a side, bool ``(size,)``; None where that is moot."""
        if population.role == "residual":
            return None
        reached = self._reached(population, ends)
        heard = self._heard(population, ends)
        if reached is None or heard is None:
            side = reached if heard is None else heard
            return None if side is None else ~side
        return ~(reached & heard)

    def _reached(self, population: Population, ends: Mapping[str, Ends]) -> Tensor | None:
        layers = self.feeding[population.name]
        if population.role == "input" or not layers:
            return None
        sparse = [
            _degrees(ends[name].targets, ends[name].keep, population.size) > 0
            for name in layers
            if name in ends
        ]
        everywhere = len(sparse) < len(layers) or self.skips_into[population.name]
        if not sparse or (everywhere and population.combine == "any"):
            return None
        together = torch.stack(sparse)
        return together.all(0) if population.combine == "all" else together.any(0)

    def _heard(self, population: Population, ends: Mapping[str, Ends]) -> Tensor | None:
        layers = self.leaving[population.name]
        if population.role == "output" or not layers:
            return None
        sparse = [ends[name] for name in layers if name in ends]
        if len(sparse) < len(layers) or self.skips_from[population.name]:
            return None
        degrees = [_degrees(end.sources, end.keep, population.size) > 0 for end in sparse]
        return torch.stack(degrees).any(0)

    def percolate(self, ends: Mapping[str, Ends]) -> dict[str, int]:
        """Clear ``keep`` of links to and from inactive neurons, backward then forward.

        Returns
        -------
        dict
            Number of links each layer lost.
        """
        before = {name: int(end.keep.sum()) for name, end in ends.items()}
        for population in (*reversed(self.populations), *self.populations):
            idle = self.inactive(population, ends)
            if idle is None or not bool(idle.any()):
                continue
            for name in self.feeding[population.name]:
                if name in ends and not ends[name].frozen:
                    ends[name].keep &= ~idle[ends[name].targets]
            for name in self.leaving[population.name]:
                if name in ends and not ends[name].frozen:
                    ends[name].keep &= ~idle[ends[name].sources]
        return {name: before[name] - int(end.keep.sum()) for name, end in ends.items()}

    def percolate_drafts(self, drafts: list[LayerUpdate]) -> None:
        """Let percolation act on the links that are left during an update."""
        ends = ends_of(drafts)
        self.percolate(ends)
        for draft in drafts:
            keep = ends[draft.of.name].keep
            keep = keep if draft.where is None else keep[draft.where]
            if not draft.stopped:
                draft.percolated = draft.links.n_kept - int(keep.sum())
                draft.links.keep = keep.clone()

    def active(self, ends: Mapping[str, Ends]) -> dict[str, Tensor]:
        """Return which neurons are active, by population, for the active-neuron rate (ANP).

        A neuron is active with an outgoing link; where no sparse layer leaves its population, with
        an incoming one. Populations that no sparse layer touches are left out.
        """
        found: dict[str, Tensor] = {}
        for population in self.populations:
            out = [ends[n] for n in self.leaving[population.name] if n in ends]
            into = [ends[n] for n in self.feeding[population.name] if n in ends]
            sides = [(e.sources, e.keep) for e in out] or [(e.targets, e.keep) for e in into]
            if sides:
                has = [_degrees(neurons, keep, population.size) > 0 for neurons, keep in sides]
                found[population.name] = torch.stack(has).any(0)
        return found


def _degrees(neurons: Tensor, keep: Tensor, size: int) -> Tensor:
    return torch.bincount(neurons[keep], minlength=size)
