"""The links of one layer, or head, during an update, as rules see them: every link is an entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from . import draws as draw
from .draws import Draws, folded, hashed
from .links import Candidates, not_recorded
from .predict import list_scores
from .work import LayerUpdate, Work

if TYPE_CHECKING:
    from .layer import EvolvingLayer


class ListEntries(Work):
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
        parameter = of.parameter
        self.updates: list[LayerUpdate] = [update]
        self.draws = draws
        self.average = average
        self.names: list[str] = [update.name]
        self.n_source: int = parameter.n_source
        self.n_target: int = of.width
        self.groups: Any = getattr(parameter, "groups", 1)
        keys, self._values = parameter.keys, parameter.values
        self.where: Tensor | None = None
        if of.heads > 1:
            in_head = (keys % parameter.n_target) // of.width == update.head
            self.where = in_head.nonzero().flatten()
            keys, self._values = keys[self.where], self._values[self.where]
        self.keys: Tensor = self._to_local(keys)
        self.keep: Tensor = torch.ones(keys.shape, dtype=torch.bool, device=keys.device)
        self.after_density: Tensor = self.keep
        self.new_keys: Tensor = keys.new_empty(0)
        self.new_values: Tensor = self._values.new_empty(0)

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
        n_target, width = self.of.parameter.n_target, self.of.width
        return keys // n_target * width + keys % n_target - self.update.head * width

    def _to_layer(self, keys: Tensor) -> Tensor:
        if self.of.heads == 1:
            return keys
        n_target, width = self.of.parameter.n_target, self.of.width
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

    @property
    def values(self) -> Tensor:
        """Weight of each link."""
        return self._values

    @property
    def gradients(self) -> Tensor:
        """Gradient of each link in the last backward pass."""
        parameter = self.of.parameter
        found = torch.zeros_like(parameter.values) if self.of.unreached else parameter.gradients
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
        if not self.of.parameter.capture:
            raise not_recorded(self.names, "dense_gradient")
        return self._own(self.average(self.of.parameter.dense_gradient()))

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
