"""Which links of a list go and come: nothing of size n × n for a sparse layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ...errors import NumericalError, RecipeError
from . import draws as draw
from .absent import absent, contains
from .links import Candidates
from .list_entries import ListEntries
from .pick import drawn, top
from .select import clocked, ordered


class ListChoice(ListEntries):
    """A list whose links are chosen."""

    def keep_best(
        self, scores: Tensor, counts: Sequence[int], exponent: float, purpose: int
    ) -> None:
        """Keep so many links."""
        alive = self.keep.nonzero().flatten()
        k = counts[0]
        if k >= alive.numel():
            return
        keys = self.keys[alive]
        chosen = drawn(scores[alive], k, exponent, keys, self.n_possible, self._pair(purpose))
        self.keep = torch.zeros_like(self.keep)
        self.keep[alive[chosen]] = True

    def keep_best_of_neurons(
        self, scores: Tensor, share: Sequence[float], exponent: float, purpose: int
    ) -> None:
        """Remove the share of the links of each target neuron, by score."""
        alive = self.keep.nonzero().flatten()
        targets = self.targets[alive]
        fan_in = torch.bincount(targets, minlength=self.n_target)
        taken = (share[0] * fan_in.to(torch.float64)).round().to(torch.int64)
        chance = self.chance(self.keys[alive], purpose)
        inside = _best_of_each(scores[alive], chance, exponent, targets, fan_in - taken)
        self.keep = torch.zeros_like(self.keep)
        self.keep[alive[inside]] = True

    def recall(self, counts: Sequence[int], purpose: int) -> None:
        """Make the links those of largest last weight among all that ever were."""
        memory, parameter = self.of.memory, self.of.parameter
        known, values = memory.keys, memory.values
        assert values is not None
        if self.of.heads > 1:
            own = (known % parameter.n_target) // self.of.width == self.update.head
            known, values = known[own], values[own]
        known = self._to_local(known)
        best = top(values.abs(), counts[0], known, self.n_possible, self._pair(purpose))
        chosen = known[best]
        self.keep = contains(chosen, self.keys)
        back = ~contains(self.keys, chosen)
        self.new_keys, self.new_values = chosen[back], values[best][back].to(self._values)
        self.update.recalled(self.new_keys.numel())

    def marks_density(self) -> None:
        """Say that the density step is over."""
        self.after_density = self.keep.clone()

    def ranked(self, scores: Tensor, exponent: float) -> tuple[Tensor, Tensor, Tensor]:
        """Return score, random number and whether it is still there, of each link."""
        chance = self.chance(self.keys, draw.REMOVAL)
        if exponent == 0:
            return torch.zeros_like(scores), chance, self.keep
        value = clocked(scores, exponent, chance)
        if exponent != float("inf"):
            value = value.clamp_(min=-1e38)
        if bool(value.isnan().any()):
            raise NumericalError("a score by which links are chosen is not a number (NaN)")
        return value, chance, self.keep

    def keep_these(self, chosen: Tensor) -> None:
        """Keep these of what `ranked` returned."""
        self.keep = chosen

    def spare(self, rows: Sequence[bool]) -> None:
        """Give the row back what it had after the density step."""
        if any(rows):
            self.keep = self.after_density.clone()

    def remove_below(self, threshold: float) -> int:
        """Remove links of smaller magnitude and return their number."""
        if self.update.stopped:
            return 0
        weight = self._values.abs()
        stays = self.keep & (weight >= threshold)
        if not bool(stays.any()) and bool(self.keep.any()):
            stays[torch.where(self.keep, weight, -1.0).argmax()] = True
        removed = int((self.keep & ~stays).sum())
        self.keep = stays
        return removed

    def counted(self) -> Tensor:
        """Return the number of links that are left."""
        return self.keep.sum().reshape(1)

    def regrow(
        self,
        scores: Any,
        counts: Sequence[int],
        exponent: float,
        active: Any,
        per_neuron: bool,
    ) -> None:
        """Add so many absent links."""
        n = counts[0]
        if n <= 0 and not per_neuron:
            return
        if per_neuron:
            self.new_keys = self._per_neuron(scores, exponent)
            return
        keys = self.keys.new_empty(0) if scores is None else self._scored(scores, n, exponent)
        if keys.numel() < n:
            keys = self._filled(keys, n, None if scores is None else active)
        self.new_keys = keys.sort().values

    def _scored(self, scores: Any, n: int, exponent: float) -> Tensor:
        pair = self._pair(draw.REGROWTH)
        if isinstance(scores, Candidates):
            if scores.ranked:
                return scores.keys[:n]
            keys, values = scores.keys, scores.scores
            if exponent == float("inf"):
                return keys[top(values, n, keys, self.n_possible, pair)]
            return keys[drawn(values, n, exponent, keys, self.n_possible, pair)]
        flat = scores.reshape(-1).clone()
        if bool(flat.max().isnan()):
            raise NumericalError("a score by which links are chosen is not a number (NaN)")
        flat[self.kept_keys] = 0
        if exponent == float("inf"):
            n = min(n, int((flat > 0).sum()))
            return top(flat, n, None, self.n_possible, pair)
        keys = (flat > 0).nonzero().flatten()
        return keys[drawn(flat[keys], n, exponent, keys, self.n_possible, pair)]

    def _filled(self, keys: Tensor, n: int, active: Any) -> Tensor:
        """Add uniform draws: from absent links between active neurons, then from any."""
        shape, pair = (self.n_source, self.n_target), self._pair(draw.REGROWTH)
        alive = (None, None) if active is None else active[self.of.name]
        if any(side is not None for side in alive):
            present = torch.cat([self.kept_keys, keys]).sort().values
            found = self._among_active(n - keys.numel(), present, alive)
            keys = torch.cat([keys, found])
        present = torch.cat([self.kept_keys, keys]).sort().values
        return torch.cat([keys, absent(n - keys.numel(), present, shape, pair)])

    def _among_active(
        self, n: int, present: Tensor, alive: tuple[Tensor | None, Tensor | None]
    ) -> Tensor:
        of, device = self.of, present.device
        if self.groups == 1:
            first = torch.arange(of.parameter.n_source, device=device) * of.parameter.n_target
            u, _ = of.parameter.endpoints(first, of.grid)
            low = self.update.head * of.width
            _, v = of.parameter.endpoints(torch.arange(low, low + of.width, device=device), of.grid)
            sources = None if alive[0] is None else alive[0][u]
            targets = None if alive[1] is None else alive[1][v]
            shape = (self.n_source, self.n_target)
            return absent(n, present, shape, self._pair(draw.REGROWTH), sources, targets)
        # In a grouped convolution positions stand for other neurons by group.
        every = torch.arange(self.n_possible, device=device)
        free = torch.ones_like(every, dtype=torch.bool)
        for side, ends in zip(alive, of.parameter.endpoints(self._to_layer(every), of.grid)):
            if side is not None:
                free &= side[ends]
        free[present] = False
        keys = free.nonzero().flatten()
        chance = self.chance(keys, draw.REGROWTH)
        return keys[chance.topk(min(n, keys.numel()), sorted=False).indices]

    def _per_neuron(self, scores: Any, exponent: float) -> Tensor:
        """Return as many absent links of each target neuron as it has lost in this update."""
        if self.n_possible > 2**28:
            raise RecipeError(
                f"layer {self.of.name!r} is too large to regrow links neuron by neuron: use "
                "regrowth_scope = 'layer'"
            )
        lost = self.targets[self.after_density & ~self.keep]
        wanted = torch.bincount(lost, minlength=self.n_target)
        flat = torch.zeros(self.n_possible, dtype=self._values.dtype, device=self.keys.device)
        if isinstance(scores, Candidates):
            flat[scores.keys] = scores.scores.to(flat)
        elif scores is not None:
            flat = scores.reshape(-1).clone()
        free = torch.ones(self.n_possible, dtype=torch.bool, device=self.keys.device)
        free[self.kept_keys] = False
        keys = free.nonzero().flatten()
        chance = self.chance(keys, draw.REGROWTH)
        chosen = _best_of_each(flat[keys], chance, exponent, keys % self.n_target, wanted)
        return keys[chosen]

    def weigh(self, new_values: Tensor | None) -> None:
        """Give the new links their weights; None is zero."""
        nothing = self._values.new_zeros(self.new_keys.shape)
        self.new_values = nothing if new_values is None else new_values.to(self._values)


def _best_of_each(
    scores: Tensor, chance: Tensor, exponent: float, of: Tensor, counts: Tensor
) -> Tensor:
    """Return which are the ``counts[i]`` best of each neuron ``of == i``, bool."""
    value = clocked(scores, exponent, chance)
    if exponent != float("inf"):
        value = value.clamp_(min=-1e38)
    key = (ordered(value.to(torch.float32), torch.float32) << 32) | chance
    order = key.argsort(descending=True)
    order = order[of[order].argsort(stable=True)]
    sizes = torch.bincount(of, minlength=counts.numel())
    starts = sizes.cumsum(0) - sizes
    owner = of[order]
    rank = torch.arange(of.numel(), device=of.device) - starts[owner]
    chosen = torch.zeros_like(of, dtype=torch.bool)
    chosen[order] = rank < counts[owner]
    return chosen
