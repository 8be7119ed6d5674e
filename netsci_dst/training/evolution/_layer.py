"""A sparse layer as the update loop sees it: its bounds, its past, and the heads it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ...errors import RecipeError
from ._links import Links
from ._memory import LinkMemory

if TYPE_CHECKING:
    from ..sparse_parameter import SparseParameter


@dataclass(eq=False)
class EvolvingLayer:
    """One sparse layer of the model.

    Attributes
    ----------
    initial_links, final_links
        Number of links at the ends of a density schedule; equal when the density is constant.
    grid
        Consecutive source positions that belong to one neuron.
    heads
        Attention heads that evolve each on its own.
    settled, stopped
        Which heads have once regrown what they lost, and which have stopped evolving for it.
    """

    name: str
    layer: SparseParameter
    initial_links: int
    final_links: int
    grid: int = 1
    heads: int = 1
    memory: LinkMemory = None  # type: ignore[assignment]
    momentum: Tensor | None = None
    stopped: list[bool] = field(default_factory=list)
    settled: list[bool] = field(default_factory=list)
    bounds: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.layer.n_target % self.heads:
            raise RecipeError(
                f"layer {self.name!r} has {self.layer.n_target} outputs, "
                f"which do not divide into {self.heads} heads"
            )
        self.stopped = [False] * self.heads
        self.settled = [False] * self.heads
        counts = self._links_of_heads(self.layer.keys)
        ends = _share_out(self.final_links, counts)
        self.bounds = list(zip(counts, ends))

    @property
    def width(self) -> int:
        """Targets of one head."""
        return self.layer.n_target // self.heads

    def _links_of_heads(self, keys: Tensor) -> list[int]:
        heads = (keys % self.layer.n_target) // self.width
        return torch.bincount(heads, minlength=self.heads).tolist()

    def planned(self, head: int, progress: float, surplus: float) -> tuple[int, int]:
        """Return how many links a head has at a point of the schedule: without and with surplus."""
        parts = [first + (last - first) * progress for first, last in self.bounds]
        first, last = map(sum, zip(*self.bounds))
        # Rounded for the layer and then shared out, so that heads do not change its number.
        base = _share_out(round(first + (last - first) * progress), parts)[head]
        possible = self.layer.n_source * self.width
        more = _share_out(round(surplus * possible * self.heads), [1] * self.heads)[head]
        return base, min(possible, base + more)

    def neurons_of_positions(self) -> tuple[Tensor, Tensor]:
        """Return the neuron of each source position and of each target position."""
        n_target, device = self.layer.n_target, self.layer.keys.device
        first = torch.arange(self.layer.n_source, device=device) * n_target
        sources, _ = self.layer.endpoints(first, self.grid)
        _, targets = self.layer.endpoints(torch.arange(n_target, device=device), self.grid)
        return sources, targets


class LayerUpdate:
    """A head (or the whole) of a layer during one update."""

    def __init__(self, of: EvolvingLayer, head: int, generator: torch.Generator):
        layer, self.of, self.head = of.layer, of, head
        keys, values = layer.keys, layer.values
        self.where: Tensor | None = None
        if of.heads > 1:
            in_head = (keys % layer.n_target) // of.width == head
            self.where = in_head.nonzero().flatten()
            keys, values = keys[self.where], values[self.where]
        self.links = Links(
            name=of.name if of.heads == 1 else f"{of.name}[{head}]",
            n_source=layer.n_source,
            n_target=of.width,
            keys=self.to_local(keys),
            values=values,
            keep=torch.ones(keys.shape, dtype=torch.bool, device=keys.device),
            generator=generator,
            gradients=lambda: self._own(layer.gradients),
            history=self._history,
            groups=getattr(layer, "groups", 1),
        )
        self.elastic_base: int | None = None
        self.pruned = self.removed = self.percolated = 0
        self.target = self.links.n_links
        self.after_density = self.links.keep
        self.new_keys = keys.new_empty(0)
        self.new_values = values.new_empty(0)
        self.overlap = 0
        self.exchanged = self.exchanged_back = 0
        self.seconds = 0.0

    @property
    def stopped(self) -> bool:
        """Whether the head has stopped evolving."""
        return self.of.stopped[self.head]

    def to_local(self, keys: Tensor) -> Tensor:
        """Return keys of the layer as keys of the head."""
        if self.of.heads == 1:
            return keys
        n_target, width = self.of.layer.n_target, self.of.width
        return keys // n_target * width + keys % n_target - self.head * width

    def to_layer(self, keys: Tensor) -> Tensor:
        """Return keys of the head as keys of the layer."""
        if self.of.heads == 1:
            return keys
        n_target, width = self.of.layer.n_target, self.of.width
        return keys // width * n_target + keys % width + self.head * width

    def keep_only(self, indices: Tensor) -> None:
        """Keep the links of these indices, of those before the update."""
        self.links.keep = torch.zeros_like(self.links.keep)
        self.links.keep[indices] = True

    def dense(self, matrix: Tensor) -> Tensor:
        """Return the head's columns of a matrix ``(n_source, n_target)``."""
        if self.of.heads == 1:
            return matrix
        return matrix[:, self.head * self.of.width : (self.head + 1) * self.of.width]

    def _own(self, per_link: Tensor) -> Tensor:
        return per_link if self.where is None else per_link[self.where]

    def _history(self, keys: Tensor) -> Tensor:
        return self.of.memory.last_values(self.to_layer(keys))


def _share_out(total: int, weights: Sequence[float]) -> list[int]:
    """Divide a total in proportion to weights, by largest remainder."""
    exact = [total * weight / max(1, sum(weights)) for weight in weights]
    counts = [int(share) for share in exact]
    order = sorted(range(len(exact)), key=lambda i: counts[i] - exact[i])
    for i in order[: total - sum(counts)]:
        counts[i] += 1
    return counts
