"""An update of one layer, or head, as a list of links: nothing of size n × n for a sparse layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from ...errors import NumericalError
from . import _draws as draw
from ._absent import absent, contains
from ._draws import Draws, folded, hashed
from ._links import Candidates, not_recorded
from ._percolation import Ends
from ._pick import drawn, top
from ._select import clocked, ordered
from ._work import LayerUpdate, Work

if TYPE_CHECKING:
    from ._layer import EvolvingLayer


class Change(NamedTuple):
    """What an update does to one layer: links to keep, and links to add with their weights."""

    keep: Tensor
    keys: Tensor
    values: Tensor


class LinkList(Work):
    """The links of one layer, or of one head of it, as sorted keys.

    Parameters
    ----------
    update
        The layer or head.
    lasting
        What all heads of a layer share during an update: the list of changes.
    average
        Averages a tensor over processes.
    """

    def __init__(
        self,
        update: LayerUpdate,
        draws: Draws,
        average: Callable[[Tensor], Tensor],
    ):
        super().__init__()
        of = update.of
        layer = of.layer
        self.updates, self.draws, self.average = [update], draws, average
        self.names = [update.name]
        self.n_source, self.n_target = layer.n_source, of.width
        self.groups = getattr(layer, "groups", 1)
        keys, self._values = layer.keys, layer.values
        self.where: Tensor | None = None
        if of.heads > 1:
            in_head = (keys % layer.n_target) // of.width == update.head
            self.where = in_head.nonzero().flatten()
            keys, self._values = keys[self.where], self._values[self.where]
        self.keys = self._to_local(keys)
        self.keep = torch.ones(keys.shape, dtype=torch.bool, device=keys.device)
        self.after_density = self.keep
        self.new_keys = keys.new_empty(0)
        self.new_values = self._values.new_empty(0)

    @property
    def update(self) -> LayerUpdate:
        """The layer or head."""
        return self.updates[0]

    @property
    def of(self) -> EvolvingLayer:
        """The layer."""
        return self.update.of

    def _to_local(self, keys: Tensor) -> Tensor:
        if self.of.heads == 1:
            return keys
        n_target, width = self.of.layer.n_target, self.of.width
        return keys // n_target * width + keys % n_target - self.update.head * width

    def _to_layer(self, keys: Tensor) -> Tensor:
        if self.of.heads == 1:
            return keys
        n_target, width = self.of.layer.n_target, self.of.width
        return keys // width * n_target + keys % width + self.update.head * width

    def _pair(self, purpose: int) -> tuple[int, int]:
        return self.draws.pair(self.of.index, self.update.head, purpose)

    def chance(self, keys: Tensor, purpose: int) -> Tensor:
        """Return a random number in ``[0, 2**32)`` for each key."""
        return hashed(folded(keys, self.n_possible), *self._pair(purpose))

    @property
    def kept_keys(self) -> Tensor:
        """Keys of the links that are left, increasing."""
        return self.keys[self.keep]

    # --- what rules see -----------------------------------------------------------------------

    @property
    def values(self) -> Tensor:
        """Weight of each link."""
        return self._values

    @property
    def gradients(self) -> Tensor:
        """Gradient of each link in the last backward pass."""
        layer = self.of.layer
        found = torch.zeros_like(layer.values) if self.of.unreached else layer.gradients
        return found if self.where is None else found[self.where]

    @property
    def present(self) -> Tensor:
        """Which links are still there."""
        return self.keep

    @property
    def sources(self) -> Tensor:
        """Source position of each link; those of different groups differ."""
        sources = self.keys // self.n_target
        if self.groups == 1:
            return sources
        return self.group_of(self.targets) * self.n_source + sources

    @property
    def targets(self) -> Tensor:
        """Target position of each link."""
        return self.keys % self.n_target

    def group_of(self, targets: Tensor) -> Tensor:
        """Return the group of a convolution that target positions belong to."""
        return targets // (self.n_target // self.groups)

    def sum_by_source(self, x: Tensor) -> Tensor:
        """Return for each link the sum of ``x`` over the links of its source."""
        return self._sums(x, self.sources, self.n_source * self.groups)

    def sum_by_target(self, x: Tensor) -> Tensor:
        """Return for each link the sum of ``x`` over the links of its target."""
        return self._sums(x, self.targets, self.n_target)

    def _sums(self, x: Tensor, ends: Tensor, size: int) -> Tensor:
        return x.new_zeros(size).index_add_(0, ends, x * self.keep)[ends]

    def rank(self, x: Tensor, among: Tensor) -> Tensor:
        """Return the rank of ``x`` among the links where ``among``, over their number."""
        ranks = x.new_zeros(x.shape)
        chosen = x[among]
        n = chosen.numel()
        place = x.new_empty(n)
        place[chosen.argsort(stable=True)] = torch.arange(1, n + 1, dtype=x.dtype, device=x.device)
        ranks[among] = place / max(1, n)
        return ranks

    def random(self) -> Tensor:
        """Return a uniform random number between 0 and 1 for each link."""
        return draw.uniform(self.chance(self.keys, draw.SCORES), torch.float32)

    def dense_gradient(self) -> Tensor:
        """Return the gradient at every position."""
        if not self.of.layer.capture:
            raise not_recorded(self.names, "dense_gradient")
        return self._own(self.average(self.of.layer.dense_gradient()))

    def momentum(self) -> Tensor:
        """Return the smoothed gradient at every position."""
        if self.of.momentum is None:
            raise not_recorded(self.names, "momentum")
        return self._own(self.of.momentum)

    def _own(self, matrix: Tensor) -> Tensor:
        if self.of.heads == 1:
            return matrix
        return matrix[:, self.update.head * self.of.width : (self.update.head + 1) * self.of.width]

    def predicted(self, predictor: str, n: int, sub_ranking: bool) -> Candidates:
        """Return the scores of absent links by a link predictor."""
        from ._predict import list_scores

        u, v = self.sources[self.keep], self.targets[self.keep]
        out, into = torch.bincount(u), torch.bincount(v)
        self.update.paths = int((out[u] * into[v]).sum())
        return list_scores(self, predictor, n, sub_ranking)

    @property
    def density(self) -> float:
        """Density after regrowth."""
        return (self.update.kept + self.new_keys.numel()) / self.n_possible

    def normal(self) -> Tensor:
        """Return a standard normal number for each new link."""
        return draw.normal(self.chance(self.new_keys, draw.WEIGHTS))

    def history(self) -> Tensor:
        """Return the last weight of each new link; 0 where it had none."""
        return self.of.memory.last_values(self._to_layer(self.new_keys))

    # --- what is done to them -----------------------------------------------------------------

    def remember(self) -> None:
        """Take note of the links that there are, and of their weights."""
        if self.update.head == 0:
            self.of.memory.remember(self.of.layer.keys, self.of.layer.values)

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
        memory, layer = self.of.memory, self.of.layer
        known, values = memory.keys, memory.values
        assert values is not None
        if self.of.heads > 1:
            own = (known % layer.n_target) // self.of.width == self.update.head
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
            first = torch.arange(of.layer.n_source, device=device) * of.layer.n_target
            u, _ = of.layer.endpoints(first, of.grid)
            low = self.update.head * of.width
            _, v = of.layer.endpoints(torch.arange(low, low + of.width, device=device), of.grid)
            sources = None if alive[0] is None else alive[0][u]
            targets = None if alive[1] is None else alive[1][v]
            shape = (self.n_source, self.n_target)
            return absent(n, present, shape, self._pair(draw.REGROWTH), sources, targets)
        # In a grouped convolution positions stand for other neurons by group.
        every = torch.arange(self.n_possible, device=device)
        free = torch.ones_like(every, dtype=torch.bool)
        for side, ends in zip(alive, of.layer.endpoints(self._to_layer(every), of.grid)):
            if side is not None:
                free &= side[ends]
        free[present] = False
        keys = free.nonzero().flatten()
        chance = self.chance(keys, draw.REGROWTH)
        return keys[chance.topk(min(n, keys.numel()), sorted=False).indices]

    def _per_neuron(self, scores: Any, exponent: float) -> Tensor:
        """Return as many absent links of each target neuron as it has lost in this update."""
        if self.n_possible > 2**28:
            from ...errors import RecipeError

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
        if new_values is None:
            new_values = self._values.new_zeros(self.new_keys.shape)
        self.new_values = new_values.to(self._values)

    # --- at the end ---------------------------------------------------------------------------

    def report(self) -> Tensor:
        """Return nothing: all is known already."""
        taken = self.after_density & ~self.keep
        self.update.shared = int(contains(self.new_keys, self.keys[taken]).sum())
        return self.keys.new_empty(0)

    def learn(self, told: Sequence[int]) -> None:
        """Take in what `report` said."""
        self.counted_before = [self.update.before]

    def decision(self) -> list[Tensor]:
        """Return which links stay, which come, and their weights."""
        return [self.keep.to(torch.uint8), self.new_keys, self.new_values]

    def decide(self, told: Sequence[Tensor]) -> None:
        """Do what another process has decided."""
        self.keep, self.new_keys, self.new_values = told[0].bool(), told[1], told[2]

    def change(self, retain: bool) -> Change:
        """Return what happens to the links of the layer (or of the head, in its own order)."""
        keys = self._to_layer(self.new_keys)
        change = Change(self.keep, keys, self.new_values)
        return _spared(change, self._to_layer(self.keys)) if retain else change


def whole_change(parts: Sequence[LinkList], retain: bool) -> Change:
    """Return the change of a layer from those of its heads."""
    if len(parts) == 1 and parts[0].where is None:
        return parts[0].change(retain)
    changes = [part.change(retain) for part in parts]
    keep = torch.ones(parts[0].of.layer.n_links, dtype=torch.bool, device=changes[0].keep.device)
    for part, change in zip(parts, changes):
        keep[part.where] = change.keep
    keys = torch.cat([change.keys for change in changes])
    return Change(keep, keys, torch.cat([change.values for change in changes]))


def _spared(change: Change, before: Tensor) -> Change:
    """Let links that come back count as ones that never went."""
    order = before.argsort()
    ordered = before[order]
    back = contains(ordered, change.keys)
    keep = change.keep | contains(change.keys[back].sort().values, before)
    return Change(keep, change.keys[~back], change.values[~back])


def ends_of(parts: Sequence[LinkList]) -> Ends:
    """Return the links that are left of a layer between neurons."""
    each = parts[0].of
    u, v = each.layer.endpoints(None, each.grid)
    keep = torch.ones_like(u, dtype=torch.bool)
    for part in parts:
        if part.where is None:
            keep = part.keep.clone()
        else:
            keep[part.where] = part.keep
    return Ends(u, v, keep, all(each.stopped))


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


def final_ends(parts: Sequence[LinkList]) -> Ends:
    """Return the links of a layer between neurons after the update."""
    each = parts[0].of
    keys = torch.cat([part._to_layer(k) for part in parts for k in (part.kept_keys, part.new_keys)])
    u, v = each.layer.endpoints(keys, each.grid)
    return Ends(u, v, torch.ones_like(u, dtype=torch.bool))
