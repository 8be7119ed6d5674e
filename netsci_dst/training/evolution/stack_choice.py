"""Which links of a stack go and come: by thresholds on a GPU, row by row on a CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from . import draws as draw
from .rows import grow_rows, keep_rows
from .select import LOWEST, best, best_per_row, clocked, largest, tied
from .stack_neurons import StackNeurons


class StackChoice(StackNeurons):
    """A stack whose links are chosen."""

    def keep_best(
        self, scores: Tensor, counts: Sequence[int], exponent: float, purpose: int
    ) -> None:
        """Keep so many links of each row."""
        alive = self._flat(self.keep)
        if draw.compiled(alive):
            flat = None if exponent == 0 else self._flat_scores(scores)
            if flat is not None:
                self._note(flat.masked_fill(~alive, 0.0), exponent)
            where = (self.group.positions, self._pairs(purpose))
            self.keep = self._stored(keep_rows(flat, alive, *where, counts, exponent))
            return
        chance = self.chance(purpose)
        if exponent == 0:
            kept = largest(torch.where(alive, chance, -1), counts)
        else:
            kept = best(self._kept_value(scores, exponent, chance, alive), chance, counts)
        self.keep = self._stored(kept)

    def _kept_value(self, scores: Tensor, exponent: float, chance: Tensor, alive: Tensor) -> Tensor:
        value = clocked(self._flat_scores(scores), exponent, chance)
        if exponent != float("inf"):
            value = value.clamp_(min=LOWEST)  # zero weights come last, in random order
        value = torch.where(alive, value, float("-inf"))
        self._note(value, exponent)
        return value

    def _note(self, value: Tensor, exponent: float) -> None:
        """Remember to refuse scores that are not a number, or infinite where they are weights."""
        # The largest is NaN if any is.
        limit = float("inf") if exponent == float("inf") else 3e38
        self.noted.append((value.amax(), limit))

    def keep_best_of_neurons(
        self, scores: Tensor, share: Sequence[float], exponent: float, purpose: int
    ) -> None:
        """Remove the share of the links of each target neuron, by score."""
        chance = self.chance(purpose)
        alive = self._flat(self.keep)
        value = self._kept_value(scores, exponent, chance, alive)
        fan_in = self._by_target(alive).sum(1)
        zeta = draw.sent(share, alive.device, torch.float64)
        taken = (zeta.repeat_interleave(self.n_target) * fan_in).round().to(fan_in.dtype)
        kept = best_per_row(self._by_target(value), self._by_target(chance), fan_in - taken)
        self.keep = self._stored(self._from_target(kept))

    def _by_target(self, flat: Tensor) -> Tensor:
        """Return ``(rows, positions)`` as a row per target neuron."""
        if self.form.target_first:
            return flat.reshape(-1, self.n_source)
        return flat.unflatten(1, (self.n_source, -1)).transpose(1, 2).reshape(-1, self.n_source)

    def _from_target(self, by_target: Tensor) -> Tensor:
        rows = by_target.view(-1, self.n_target, self.n_source)
        return (rows if self.form.target_first else rows.transpose(1, 2)).flatten(1)

    def recall(self, counts: Sequence[int], purpose: int) -> None:
        """Make the links those of largest last weight among all that ever were."""
        assert self.group.last is not None
        known = self._flat(self.group.ever)
        value = torch.where(known, self._flat(self.group.last).abs(), float("-inf"))
        self._note(value, float("inf"))
        chosen = self._stored(best(value, self.chance(purpose), counts))
        self.keep, self.new = chosen & self.mask, chosen & ~self.mask
        self.new_values = self.group.last
        self.recalled: bool = True

    def marks_density(self) -> None:
        """Say that the density step is over."""
        self.after_density = self.keep

    def ranked(self, scores: Tensor, exponent: float) -> tuple[Tensor, Tensor, Tensor]:
        """Return score, random number and whether it is a link, of each entry."""
        chance, alive = self.chance(draw.REMOVAL), self._flat(self.keep)
        if exponent == 0:
            return torch.zeros_like(chance, dtype=torch.float32), chance, alive
        return self._kept_value(scores, exponent, chance, alive), chance, alive

    def keep_these(self, chosen: Tensor) -> None:
        """Keep these of what `ranked` returned."""
        self.keep = self._stored(chosen)

    def spare(self, rows: Sequence[bool]) -> None:
        """Give some rows back what they had after the density step."""
        chosen = draw.sent(rows, self.keep.device)[:, None]
        kept = torch.where(chosen, self._flat(self.after_density), self._flat(self.keep))
        self.keep = self._stored(kept)

    def remove_below(self, threshold: float) -> int:
        """Remove links of smaller magnitude and return their number."""
        weight = self._flat(self._weights()).abs()
        alive = self._flat(self.keep)
        stays = alive & (weight >= threshold)
        first = torch.where(alive, weight, -1.0).argmax(1, keepdim=True)
        lonely = ~stays.any(1, keepdim=True) & alive.any(1, keepdim=True)
        stays = stays.scatter(1, first, lonely | stays.gather(1, first))
        stopped = draw.sent([u.stopped for u in self.updates], stays.device)
        stays = stays | (alive & stopped[:, None])
        self.keep = self._stored(stays)
        return int((alive & ~stays).sum())

    def regrow(
        self,
        scores: Any,
        counts: Sequence[int],
        exponent: float,
        active: Any,
        per_neuron: bool,
    ) -> None:
        """Add so many absent links to each row."""
        present = self._flat(self.keep)
        if draw.compiled(present) and not per_neuron:
            self.new = self._stored(self._grown(scores, counts, exponent, present, active))
            return
        chance = self.chance(draw.REGROWTH)
        if scores is None and not per_neuron:
            new = largest(torch.where(present, -1, chance), counts)
        else:
            value = self._new_value(scores, exponent, chance, present, active)
            if per_neuron:
                lost = self._flat(self.after_density & ~self.keep)
                wanted = self._by_target(lost).sum(1)
                new = best_per_row(self._by_target(value), self._by_target(chance), wanted)
                new = self._from_target(new)
            else:
                new = best(value, chance, counts)
        self.new = self._stored(new)

    def _grown(
        self, scores: Any, counts: Sequence[int], exponent: float, present: Tensor, active: Any
    ) -> Tensor:
        flat = None
        if scores is not None:
            flat = self._flat_scores(scores)
            self._note(flat, exponent)
        inside = self._rest(active)
        where = (self.group.positions, self._pairs(draw.REGROWTH))
        return grow_rows(flat, present, inside, *where, counts, exponent)

    def _new_value(
        self, scores: Any, exponent: float, chance: Tensor, present: Tensor, active: Any
    ) -> Tensor:
        """Return positive scores first, then links between active neurons, then any."""
        if scores is None:
            return torch.where(present, float("-inf"), 0.0)
        flat = self._flat_scores(scores)
        self._note(flat, exponent)
        if self.summed and exponent == float("inf"):
            flat = tied(flat)
        positive = flat > 0
        flat = positive.to(flat.dtype) if exponent == 0 else flat
        value = flat if exponent == 0 else clocked(flat, exponent, chance)
        rest = self._rest(active)
        # 0 and -1, or far below every clock.
        high, low = (0.0, -1.0) if exponent == float("inf") else (LOWEST, 2 * LOWEST)
        fill = high if rest is None else rest.to(value.dtype).mul_(high - low).add_(low)
        return torch.where(positive, value, fill).masked_fill_(present, float("-inf"))

    def _rest(self, active: Any) -> Tensor | None:
        """Return which positions lie between active neurons; None: all do."""
        layers, form = self.group.layers, self.form
        if active is None:
            return None
        found = self._between([active[layer.name] for layer in layers])
        if found is None:
            return None
        return self._flat(form.logical(found.expand(len(layers), form.n_source, form.n_target)))

    def weigh(self, new_values: Tensor | None) -> None:
        """Give the new links their weights; None is zero."""
        if new_values is None:
            self.new_values = None
            return
        stored = self.form.logical(new_values)
        self.new_values = self.form.layers(stored).to(self.group.layers[0].parameter.weight.dtype)
