"""The links of one layer while they are being changed: what removal and regrowth see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import NetsciError

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(eq=False)
class Links:
    """The links of one layer, or of one attention head of it, during an update.

    Attributes
    ----------
    name
        The layer, with ``[head]`` appended when it is one head of it.
    n_source, n_target
        Positions on either side.
    keys
        ``source * n_target + target`` of each link before the update, increasing, int64.
    values
        Weights, shape ``(n_links,)``.
    keep
        Bool, shape ``(n_links,)``: which links are still there.
    generator
        The source of all randomness.
    gradients, dense_gradient, momentum, history
        Functions that return the links' gradients, the gradient and the smoothed gradient at every
        position ``(n_source, n_target)``, and the last values of given keys. Methods say in their
        registration that they need them.
    groups
        Groups of a grouped convolution, each with source neurons of its own at the same positions.
    """

    name: str
    n_source: int
    n_target: int
    keys: Tensor
    values: Tensor
    keep: Tensor
    generator: torch.Generator
    gradients: Callable[[], Tensor] | None = None
    dense_gradient: Callable[[], Tensor] | None = None
    momentum: Callable[[], Tensor] | None = None
    history: Callable[[Tensor], Tensor] | None = None
    groups: int = 1

    @property
    def n_links(self) -> int:
        """Number of links before the update."""
        return self.keys.numel()

    @property
    def n_possible(self) -> int:
        """Number of positions."""
        return self.n_source * self.n_target

    @property
    def n_kept(self) -> int:
        """Number of links that are still there."""
        return int(self.keep.sum())

    @property
    def sources(self) -> Tensor:
        """Source of each link."""
        return self.keys // self.n_target

    @property
    def grouped_sources(self) -> Tensor:
        """Source of each link, numbered through over the groups of a grouped convolution."""
        if self.groups == 1:
            return self.sources
        return self.group_of(self.targets) * self.n_source + self.sources

    def group_of(self, targets: Tensor) -> Tensor:
        """Return the group to which target positions belong."""
        return targets // (self.n_target // self.groups)

    @property
    def targets(self) -> Tensor:
        """Target of each link."""
        return self.keys % self.n_target

    @property
    def kept_keys(self) -> Tensor:
        """Keys of the links that are still there, increasing."""
        return self.keys[self.keep]

    def need(self, what: str) -> Tensor:
        """Return ``gradients``, ``dense_gradient`` or ``momentum``.

        Raises
        ------
        NetsciError
            If it was not recorded at this update.
        """
        function: Any = getattr(self, what)
        if function is None:
            raise NetsciError(
                f"layer {self.name!r}: {what.replace('_', ' ')} was asked for but not recorded; "
                f"register the part with needs=({what!r},)"
            )
        return function()
