"""Masked layers of one form during an update, as rules see them: every position is an entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from . import draws as draw
from . import masked
from .draws import Draws
from .links import Candidates, not_recorded
from .predict import apart, stack_scores
from .work import LayerUpdate, Work

if TYPE_CHECKING:
    from .form import Form
    from .group import Group

# So many weights of a group are copied once for an update, and all random numbers drawn at once.
_FEW = 2**24


class StackEntries(Work):
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
        self.group = group
        self.form: Form = group.form
        self.updates = updates
        self.draws = draws
        self.names: list[str] = [update.name for update in updates]
        self.n_source: int = self.form.n_source
        self.n_target: int = self.form.width
        self.average = average
        self.mask: Tensor = masked.masks(group.layers)
        self.keep: Tensor = self.mask
        self.after_density: Tensor = self.mask
        self.new: Tensor | None = None
        self._final: Tensor | None = None
        self._paths: Tensor | None = None
        self._links: tuple[Tensor, Tensor] | None = None
        self.new_values: Tensor | None = None
        self.recalled = False
        # Whether regrowth scores are sums whose last bits depend on the order of the terms.
        self.summed = False
        self._values: Tensor | None = None

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
        self.purposes: Sequence[int] = ()
        return self._chances.pop(purpose)

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
        if not self.group.layers[0].parameter.capture:
            raise not_recorded(self.names, "dense_gradient")
        return self._shown(self.average(masked.captured(self.group.layers)))

    def momentum(self) -> Tensor:
        """Return the smoothed gradient at every position."""
        found = [layer.momentum for layer in self.group.layers]
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
