"""An update of masked layers of one form at once: masks and dense scores, no lists of links.

Nothing here waits for the device: how many links each step takes is known by arithmetic, and what
is not (links lost to percolation, links that came back) is gathered and read once for the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..optimizer_state import states_of
from . import _draws as draw
from . import _masked as masked
from ._draws import Draws
from ._links import Candidates, not_recorded
from ._predict import apart, stack_scores
from ._rows import grow_rows, keep_rows
from ._select import LOWEST, best, best_per_row, clocked, counted, largest, tied
from ._work import LayerUpdate, Work

if TYPE_CHECKING:
    from ._group import Group

# So many weights of a group are copied once for an update, and all random numbers drawn at once.
_FEW = 2**24


class Stack(Work):
    """The links of a `Group` of masked layers during an update.

    Parameters
    ----------
    updates
        One for each head of each layer, layer by layer.
    average
        Averages a tensor over processes.
    purposes
        What random numbers will be drawn for, each once.
    """

    def __init__(
        self,
        group: Group,
        updates: list[LayerUpdate],
        draws: Draws,
        average: Callable[[Tensor], Tensor],
        purposes: Sequence[int] = (),
    ):
        super().__init__()
        self.purposes = purposes
        self._chances: dict[int, Tensor] = {}
        self.group, self.form, self.updates, self.draws = group, group.form, updates, draws
        self.names = [update.name for update in updates]
        self.n_source, self.n_target = self.form.n_source, self.form.width
        self.average = average
        self.mask = self.keep = self.after_density = masked.masks(group.layers)
        self.new: Tensor | None = None
        self._final: Tensor | None = None
        self._paths: Tensor | None = None
        self._links: tuple[Tensor, Tensor] | None = None
        self.new_values: Tensor | None = None
        self.recalled = False
        # Whether regrowth scores are sums whose last bits depend on the order of the terms.
        self.summed = False
        self.rows: list[StackRow] = [StackRow(self, i) for i in range(len(group.layers))]
        self._values: Tensor | None = None

    # --- between the orders of entries --------------------------------------------------------

    def _shown(self, stored: Tensor) -> Tensor:
        """Return stored layers as rules see them, ``(rows, n_source, n_target)``."""
        return self.form.logical(self.form.units(stored))

    def _flat(self, stored: Tensor) -> Tensor:
        """Return stored layers as ``(rows, positions)``."""
        return self.form.units(stored).flatten(1)

    def _flat_scores(self, scores: Tensor) -> Tensor:
        """Return what a rule gave as ``(rows, positions)``, in single or double precision."""
        shape = (len(self.updates), self.n_source, self.n_target)
        scores = scores if scores.shape == shape else scores.expand(shape)
        if scores.dtype not in (torch.float32, torch.float64):
            scores = scores.float()
        return self.form.logical(scores).reshape(len(self.updates), -1)

    def _stored(self, flat: Tensor) -> Tensor:
        """Return ``(rows, positions)`` as stored layers."""
        rows, columns = (self.n_target, self.n_source)
        if not self.form.target_first:
            rows, columns = columns, rows
        return self.form.layers(flat.unflatten(1, (rows, columns)))

    def _pairs(self, purpose: int) -> list[tuple[int, int]]:
        return [self.draws.pair(u.of.index, u.head, purpose) for u in self.updates]

    def chance(self, purpose: int) -> Tensor:
        """Return a random number in ``[0, 2**32)`` for each entry, ``(rows, positions)``."""
        if purpose in self._chances:
            return self._chances.pop(purpose)
        together = [purpose, *(p for p in self.purposes if p != purpose)]
        if self.mask.numel() > _FEW or purpose not in self.purposes:
            together = [purpose]
        keys = [self.draws.pair(u.of.index, u.head, p) for p in together for u in self.updates]
        drawn = draw.hashed_grid(self.group.positions, keys)
        if len(together) == 1:
            return drawn
        self._chances = dict(zip(together, drawn.split(len(self.updates))))
        self.purposes = ()
        return self._chances.pop(purpose)

    # --- what rules see -----------------------------------------------------------------------

    @property
    def values(self) -> Tensor:
        """Weight of each entry."""
        return self._shown(self._weights())

    def _weights(self) -> Tensor:
        """Return the weights as stored; kept during the update where they are few."""
        if self._values is not None:
            return self._values
        weights = masked.weights(self.group.layers)
        if weights.numel() <= _FEW:
            self._values = weights
        return weights

    @property
    def gradients(self) -> Tensor:
        """Gradient of each link in the last backward pass."""
        return self._shown(masked.gradients(self.group.layers))

    @property
    def present(self) -> Tensor:
        """Which entries are links now."""
        return self._shown(self.keep)

    def sum_by_source(self, x: Tensor) -> Tensor:
        """Return for each entry the sum of ``x`` over the links of its source (broadcastable)."""
        x = x * self.present
        groups = self.form.groups
        if groups == 1 or not self.form.target_first:
            return x.sum(2, keepdim=True)
        sums = x.unflatten(2, (groups, -1)).sum(3)
        return sums.repeat_interleave(self.n_target // groups, 2)

    def sum_by_target(self, x: Tensor) -> Tensor:
        """Return for each entry the sum of ``x`` over the links of its target (broadcastable)."""
        x = x * self.present
        groups = self.form.groups
        if groups == 1 or self.form.target_first:
            return x.sum(1, keepdim=True)
        sums = x.unflatten(1, (groups, -1)).sum(2)
        return sums.repeat_interleave(self.n_source // groups, 1)

    def rank(self, x: Tensor, among: Tensor) -> Tensor:
        """Return the rank of ``x`` among the entries where ``among``, over their number."""
        inside = self.form.logical(among).flatten(1)
        flat = self.form.logical(x).flatten(1).masked_fill(~inside, float("inf"))
        order = flat.sort(dim=1, stable=True).indices
        places = torch.arange(1, flat.shape[1] + 1, device=flat.device, dtype=flat.dtype)
        ranks = torch.empty_like(flat).scatter_(1, order, places.expand_as(flat))
        ranks = ranks.div_(inside.sum(1, keepdim=True)).mul_(inside)
        return self.form.logical(ranks.view(self.form.logical(x).shape))

    def random(self) -> Tensor:
        """Return a uniform random number between 0 and 1 for each entry."""
        drawn = draw.uniform(self.chance(draw.SCORES), torch.float32)
        return self._shown(self._stored(drawn))

    def dense_gradient(self) -> Tensor:
        """Return the gradient at every position."""
        if not self.group.layers[0].layer.capture:
            raise not_recorded(self.names, "dense_gradient")
        return self._shown(self.average(masked.captured(self.group.layers)))

    def momentum(self) -> Tensor:
        """Return the smoothed gradient at every position."""
        found = [each.momentum for each in self.group.layers]
        if any(momentum is None for momentum in found):
            raise not_recorded(self.names, "momentum")
        # It is kept as (source, target), whatever the format.
        return self._shown(self.form.logical(torch.stack(found)))  # type: ignore[arg-type]

    def predicted(self, predictor: str, n: int, sub_ranking: bool) -> Tensor | Candidates:
        """Return the scores of absent links by a link predictor."""
        self._paths = self._path_counts()
        return stack_scores(self, predictor, n, sub_ranking)

    def _path_counts(self) -> Tensor:
        """Return the number of paths of length three in each row, float64."""
        a = self.present.to(torch.float64 if self.mask.numel() <= _FEW else torch.float32)
        if self.form.groups > 1:
            a = apart(self, a)
        walks = torch.bmm(a, a.sum(1).unsqueeze(2)).squeeze(2)
        return (walks * a.sum(2)).sum(1, dtype=torch.float64).view(len(self.updates), -1).sum(1)

    @property
    def density(self) -> Tensor:
        """Density after regrowth."""
        share = [(u.kept + u.regrown) / self.n_possible for u in self.updates]
        return draw.sent(share, self.mask.device, torch.float64)[:, None, None]

    def normal(self) -> Tensor:
        """Return a standard normal number for every position."""
        return self._shown(self._stored(draw.normal(self.chance(draw.WEIGHTS))))

    def history(self) -> Tensor:
        """Return the last weight of every position; 0 where it had none."""
        assert self.group.last is not None
        return self._shown(self.group.last)

    # --- what is done to them -----------------------------------------------------------------

    def remember(self) -> None:
        """Take note of the links that there are, and of their weights."""
        self.group.ever |= self.mask
        if self.group.last is not None:
            torch.where(self.mask, self._weights(), self.group.last, out=self.group.last)

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
        self.new_values, self.recalled = self.group.last, True

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

    def activities(self) -> dict[str, Any]:
        """Return which neurons have links, by layer."""
        for row in self.rows:
            row.forget()
        return {each.name: row for each, row in zip(self.group.layers, self.rows)}

    def flush(self) -> None:
        """Remove the links of neurons that were found idle."""
        form = self.form
        alive = self._between([(row.sources, row.targets) for row in self.rows])
        if alive is not None:
            self.keep = self._spared(self.keep & form.logical(alive))
        for row in self.rows:
            row.forget()

    def _between(self, sides: Sequence[tuple[Tensor | None, Tensor | None]]) -> Tensor | None:
        """Return which positions lie between these neurons, of each layer; None: all do.

        The result broadcasts to ``(L, n_source, n_target)``.
        """
        found: Tensor | None = None
        for place, at in ((0, self.form.at_sources), (1, self.form.at_targets)):
            given = [side[place] for side in sides]
            known = next((one for one in given if one is not None), None)
            if known is None:
                continue
            if any(one is None for one in given):
                every = torch.ones_like(known)
                given = [every if one is None else one for one in given]
            here = at(torch.stack(given))  # type: ignore[arg-type]
            found = here if found is None else found & here
        return found

    def _spared(self, keep: Tensor) -> Tensor:
        """Return a mask in which heads that have stopped evolving keep their links."""
        stopped = [update.stopped for update in self.updates]
        if not any(stopped):
            return keep
        still = draw.sent(stopped, keep.device)[:, None, None]
        units = self.form.units(keep) | (self.form.units(self.keep) & still)
        return self.form.layers(units)

    def counted(self) -> Tensor:
        """Return the number of links that are left in each row."""
        return counted(self.form.units(self.keep))

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
        rest = self._rest(active)
        inside = rest if isinstance(rest, Tensor) else None
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
        if isinstance(rest, Tensor):
            rest = rest.to(value.dtype).mul_(high - low).add_(low)
        else:
            rest = high
        return torch.where(positive, value, rest).masked_fill_(present, float("-inf"))

    def _rest(self, active: Any) -> Tensor | float:
        """Return which positions lie between active neurons; 0 when all do."""
        layers, form = self.group.layers, self.form
        if active is None:
            return 0.0
        found = self._between([active[each.name] for each in layers])
        if found is None:
            return 0.0
        return self._flat(form.logical(found.expand(len(layers), form.n_source, form.n_target)))

    def weigh(self, new_values: Tensor | None) -> None:
        """Give the new links their weights; None is zero."""
        if new_values is None:
            self.new_values = None
            return
        stored = self.form.logical(new_values)
        self.new_values = self.form.layers(stored).to(self.group.layers[0].layer.weight.dtype)

    # --- at the end ---------------------------------------------------------------------------

    @property
    def final(self) -> Tensor:
        """The mask after the update, as far as it is decided."""
        if self.new is None:
            return self.keep
        if self._final is None:
            self._final = self.keep | self.new
        return self._final

    @property
    def links(self) -> Tensor:
        """The same as ``(L, n_source, n_target)``."""
        final = self.final
        if self._links is None or self._links[0] is not final:
            self._links = final, self.form.logical(final)
        return self._links[1]

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
        self.counted_before = told[:n]
        told = told[n:]
        if self.new is not None:
            for update, seen in zip(self.updates, told):
                if self.recalled:
                    update.recalled(seen)
                else:
                    update.shared = seen
            told = told[n:]
        layers = self.group.layers
        for each, ever, sources in zip(layers, told, told[len(layers) :]):
            each.ever, each.active_sources = ever, sources
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
            [state for _, _, state in states_of(optimizers, each.layer.weight)]
            for each in group.layers
        ]
        heads = self.form.heads
        counts = [u.kept + u.regrown for u in self.updates]
        counts = [sum(counts[i : i + heads]) for i in range(0, len(counts), heads)]
        masked.write(group.layers, self.form, final, weight, keep, states, counts)
        group.ever |= final
        if group.last is not None:
            torch.where(final, weight, group.last, out=group.last)


class StackRow:
    """Which neurons of one layer of a stack have links; those of idle ones go at the next flush."""

    def __init__(self, stack: Stack, place: int):
        self.stack, self.place = stack, place
        self.each = stack.group.layers[place]
        self.sources: Tensor | None = None
        self.targets: Tensor | None = None
        self._heard: Tensor | None = None
        self._reached: Tensor | None = None

    @property
    def frozen(self) -> bool:
        """Whether percolation leaves the layer alone."""
        return all(self.each.stopped)

    def forget(self) -> None:
        """Forget what was found out about the links."""
        self.sources = self.targets = self._heard = self._reached = None

    @property
    def heard(self) -> Tensor:
        """Which source neurons have a link."""
        if self._heard is None:
            stack = self.stack
            for row, found in zip(stack.rows, stack.form.sources_of(stack.links).unbind(0)):
                row._heard = found
        assert self._heard is not None
        return self._heard

    @property
    def reached(self) -> Tensor:
        """Which target neurons have a link."""
        if self._reached is None:
            stack = self.stack
            for row, found in zip(stack.rows, stack.form.targets_of(stack.links).unbind(0)):
                row._reached = found
        assert self._reached is not None
        return self._reached

    def restrict(self, sources: Tensor | None = None, targets: Tensor | None = None) -> None:
        """Let links of all but these neurons go, when the stack is flushed."""
        if sources is not None:
            self.sources = sources
        if targets is not None:
            self.targets = targets

    def flush(self) -> None:
        """Remove the links of neurons that were found idle."""
        if self.sources is not None or self.targets is not None:
            self.stack.flush()
