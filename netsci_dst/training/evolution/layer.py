"""A sparse layer as the update loop sees it: its bounds, its past, and the heads it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ...errors import RecipeError
from .memory import LinkMemory, MaskMemory

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
    index
        Place among the layers of the model, for random numbers of its own.
    counts
        Links of each head after the last update.
    ever, active_sources
        Links that ever were, and source neurons that have links, as of the last update.
    unreached
        Whether the loss does not depend on it while it does on others: its gradient is zero.
    all_weights
        Initial weights at every position, for a per-step hook that keeps them all.
    settled, stopped
        Which heads have once regrown what they lost, and which have stopped evolving for it.

    Examples
    --------
    >>> from torch import nn
    >>> import netsci_dst as nd
    >>> model = nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 10))
    >>> dst = nd.sparsify(model, method="set", sparsity=0.9, include="0")
    >>> layer = dst.controller.layers[0]
    >>> layer.name, layer.initial_links, layer.final_links, layer.heads
    ('0', 60, 60, 1)
    """

    name: str
    parameter: SparseParameter
    initial_links: int
    final_links: int
    grid: int = 1
    heads: int = 1
    index: int = 0
    memory: LinkMemory | MaskMemory = None  # type: ignore[assignment]
    momentum: Tensor | None = None
    counts: list[int] = field(default_factory=list)
    ever: int = 0
    active_sources: int = 0
    stopped: list[bool] = field(default_factory=list)
    settled: list[bool] = field(default_factory=list)
    bounds: list[tuple[int, int]] = field(default_factory=list)
    unreached: bool = False
    all_weights: Tensor | None = None

    def __post_init__(self) -> None:
        if self.parameter.n_target % self.heads:
            raise RecipeError(
                f"layer {self.name!r} has {self.parameter.n_target} outputs, "
                f"which do not divide into {self.heads} heads"
            )
        self.stopped = [False] * self.heads
        self.settled = [False] * self.heads
        self.counts = self.counted()
        ends = _share_out(self.final_links, self.counts)
        self.bounds = list(zip(self.counts, ends))

    @property
    def width(self) -> int:
        """Targets of one head."""
        return self.parameter.n_target // self.heads

    @property
    def still(self) -> bool:
        """Whether the layer is never updated: it lacks no link at any time, or is not trained."""
        possible = self.parameter.n_possible
        always_dense = min(self.initial_links, self.final_links) >= possible
        return always_dense or self.parameter.frozen

    def counted(self) -> list[int]:
        """Count the links of each head."""
        keys = self.parameter.keys
        if self.heads == 1:
            return [keys.numel()]
        heads = (keys % self.parameter.n_target) // self.width
        return torch.bincount(heads, minlength=self.heads).tolist()

    def planned(self, head: int, progress: float, surplus: float) -> tuple[int, int]:
        """Return how many links a head has at a point of the schedule: without and with surplus."""
        parts = [first + (last - first) * progress for first, last in self.bounds]
        first, last = map(sum, zip(*self.bounds))
        # Rounded for the layer and then shared out, so that heads do not change its number.
        base = _share_out(round(first + (last - first) * progress), parts)[head]
        possible = self.parameter.n_source * self.width
        more = _share_out(round(surplus * possible * self.heads), [1] * self.heads)[head]
        return base, min(possible, base + more)


def _share_out(total: int, weights: Sequence[float]) -> list[int]:
    """Divide a total in proportion to weights, by largest remainder."""
    exact = [total * weight / max(1, sum(weights)) for weight in weights]
    counts = [int(share) for share in exact]
    order = sorted(range(len(exact)), key=lambda i: counts[i] - exact[i])
    for i in order[: total - sum(counts)]:
        counts[i] += 1
    return counts
