"""How the entries of a masked weight lie, so that layers of one form can be stacked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from . import draws as draw

if TYPE_CHECKING:
    from .layer import EvolvingLayer


@dataclass(frozen=True)
class Form:
    """The matrix of a weight as it is stored, and which neurons its positions belong to.

    Attributes
    ----------
    n_source, n_target
        Positions on either side.
    target_first
        Whether rows in memory are targets.
    heads
        Attention heads, consecutive targets, that evolve each on its own.
    source_patch, target_patch, gates, groups
        As in `MatrixView`.
    """

    n_source: int
    n_target: int
    target_first: bool = True
    heads: int = 1
    source_patch: int = 1
    target_patch: int = 1
    gates: int = 1
    groups: int = 1

    @property
    def stored(self) -> tuple[int, int]:
        """Rows and columns in memory."""
        shape = (self.n_source, self.n_target)
        return (shape[1], shape[0]) if self.target_first else shape

    @property
    def width(self) -> int:
        """Targets of one head."""
        return self.n_target // self.heads

    def logical(self, x: Tensor) -> Tensor:
        """Return what is stored as ``(..., source, target)``, or back."""
        return x.transpose(-1, -2) if self.target_first else x

    def units(self, x: Tensor) -> Tensor:
        """Return stored layers ``(L, …)`` as stored heads ``(L * heads, …)``."""
        if self.heads == 1:
            return x
        if self.target_first:
            return x.reshape(-1, self.width, self.n_source)
        parts = x.unflatten(-1, (self.heads, self.width)).transpose(1, 2)
        return parts.reshape(-1, self.n_source, self.width)

    def layers(self, x: Tensor) -> Tensor:
        """Return stored heads as stored layers."""
        if self.heads == 1:
            return x
        if self.target_first:
            return x.reshape(-1, self.n_target, self.n_source)
        parts = x.unflatten(0, (-1, self.heads)).transpose(1, 2)
        return parts.reshape(-1, self.n_source, self.n_target)

    def positions(self, device: torch.device) -> Tensor:
        """Return the key of each entry of one head as it is stored."""
        rows = torch.arange(self.n_source, device=device) * self.width
        columns = torch.arange(self.width, device=device)
        if self.target_first:
            return columns[:, None] + rows[None, :]
        return rows[:, None] + columns[None, :]

    # --- between positions and neurons --------------------------------------------------------

    def sources_of(self, links: Tensor) -> Tensor:
        """Return which source neurons have a link, ``(L, neurons)``, of bool ``(L, S, T)``."""
        patch, groups = self.source_patch, self.groups
        if groups == 1:
            found = _any(links, 2)
        elif self.target_first:
            found = _any(links.unflatten(2, (groups, -1)), 3).transpose(1, 2).flatten(1)
        else:
            found = _any(links, 2)
        return found if patch == 1 else _any(found.unflatten(1, (-1, patch)), 2)

    def targets_of(self, links: Tensor) -> Tensor:
        """Return which target neurons have a link."""
        if self.groups > 1 and not self.target_first:
            found = _any(links.unflatten(1, (self.groups, -1)), 2).flatten(1)
        else:
            found = _any(links, 1)
        if self.target_patch > 1:
            found = _any(found.unflatten(1, (-1, self.target_patch)), 2)
        return found if self.gates == 1 else _any(found.unflatten(1, (self.gates, -1)), 1)

    def at_sources(self, neurons: Tensor) -> Tensor:
        """Return what is said of source neurons ``(L, neurons)`` at their positions ``(L, S, T)``.

        The result broadcasts to that shape.
        """
        x = neurons
        if self.source_patch > 1:
            x = x.repeat_interleave(self.source_patch, 1)
        if self.groups > 1 and self.target_first:
            x = x.unflatten(1, (self.groups, -1)).transpose(1, 2)
            return x.repeat_interleave(self.n_target // self.groups, 2)
        return x.unsqueeze(2)

    def at_targets(self, neurons: Tensor) -> Tensor:
        """Return what is said of target neurons at their positions."""
        x = neurons
        if self.gates > 1:
            x = x.repeat(1, self.gates)
        if self.target_patch > 1:
            x = x.repeat_interleave(self.target_patch, 1)
        if self.groups > 1 and not self.target_first:
            x = x.unflatten(1, (self.groups, -1))
            return x.repeat_interleave(self.n_source // self.groups, 1)
        return x.unsqueeze(1)


def form_of(layer: EvolvingLayer) -> Form:
    """Return the form of a masked layer."""
    view = layer.parameter.view
    return Form(
        view.n_source,
        view.n_target,
        view.target_first,
        layer.heads,
        view.source_patch,
        view.target_patch,
        view.gates,
        view.groups,
    )


def _any(links: Tensor, dim: int) -> Tensor:
    """Return where any along a dimension is true; a CPU finds the largest byte ten times sooner."""
    if not draw.compiled(links) or not links.numel():
        return links.any(dim)
    return links.view(torch.uint8).amax(dim).view(torch.bool)
