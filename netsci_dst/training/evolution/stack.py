"""An update of masked layers of one form at once: masks and dense scores, no lists of links.

Nothing here waits for the device: how many links each step takes is known by arithmetic, and what
is not (links lost to percolation, links that came back) is gathered and read once for the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..optimizer_state import states_of
from . import masked
from .select import counted
from .stack_choice import StackChoice


class Stack(StackChoice):
    """A stack from the first look at its links to the last word about them."""

    def remember(self) -> None:
        """Take note of the links that there are, and of their weights."""
        self.group.ever |= self.mask
        if self.group.last is not None:
            torch.where(self.mask, self._weights(), self.group.last, out=self.group.last)

    def report(self) -> Tensor:
        """Return counts per row and per layer."""
        per_row = [counted(self.form.units(self.mask))]
        ever = self.group.ever
        if self.new is not None:
            # Of those that are recalled, how many come is not known; of others, how many return.
            seen = self.new if self.recalled else self.new & self.after_density
            per_row.append(counted(self.form.units(seen)))
            ever = ever | self.new
        sources = self.form.sources_of(self.links)
        parts = [*per_row, counted(ever), counted(sources)]
        if self._paths is not None:
            parts.append(self._paths.to(torch.int64))
        return torch.cat(parts)

    def learn(self, told: Sequence[int]) -> None:
        """Take in what `report` said."""
        told, n = list(told), len(self.updates)
        self.counted_before: list[int] = told[:n]
        told = told[n:]
        if self.new is not None:
            for update, seen in zip(self.updates, told):
                if self.recalled:
                    update.recalled(seen)
                else:
                    update.shared = seen
            told = told[n:]
        layers = self.group.layers
        for layer, ever, sources in zip(layers, told, told[len(layers) :]):
            layer.ever, layer.active_sources = ever, sources
        if self._paths is not None:
            for update, paths in zip(self.updates, told[2 * len(layers) :]):
                update.paths = paths

    def decision(self) -> list[Tensor]:
        """Return which links stay (1) and which come (2)."""
        code = self.keep.to(torch.uint8)
        return [code if self.new is None else code + 2 * self.new.to(torch.uint8)]

    def decide(self, told: Sequence[Tensor]) -> None:
        """Do what another process has decided."""
        code = told[0].view(self.keep.shape)
        self.keep = (code & 1).bool()
        self.new = None if self.new is None else (code & 2).bool()
        self._final = None

    def commit(self, optimizers: Any, retain: bool) -> None:
        """Put the update into effect on the layers."""
        group, keep, final = self.group, self.keep, self.final
        if retain and self.new is not None:
            keep = keep | (self.new & self.mask)
        weight = self._weights()
        if self.new is None or self.new_values is None:
            weight = torch.where(keep, weight, 0.0)
        else:
            weight = torch.where(keep, weight, torch.where(final, self.new_values, 0.0))
        states = [
            [state for _, _, state in states_of(optimizers, layer.parameter.weight)]
            for layer in group.layers
        ]
        heads = self.form.heads
        counts = [u.kept + u.regrown for u in self.updates]
        counts = [sum(counts[i : i + heads]) for i in range(0, len(counts), heads)]
        masked.write(group.layers, self.form, final, weight, keep, states, counts)
        group.ever |= final
        if group.last is not None:
            torch.where(final, weight, group.last, out=group.last)
