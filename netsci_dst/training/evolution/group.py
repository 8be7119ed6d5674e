"""Masked layers of one form, which updates treat as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from .form import Form, form_of
from .masked import is_masked, masks, weights
from .memory import LinkMemory, MaskMemory

if TYPE_CHECKING:
    from torch import Tensor

    from .layer import EvolvingLayer

# Positions of a group at most, unless a single layer has more: an update holds some 40 bytes each.
CHUNK = 2**26


class Group:
    """Layers of one form on one device, and what is remembered of them.

    Attributes
    ----------
    ever
        Which positions ever were links, bool ``(L, rows, columns)`` as stored.
    positions
        Key of each entry of one head, as stored.
    last
        Their last weights, or None when nothing reads them.
    """

    def __init__(self, layers: list[EvolvingLayer], form: Form, remembers: bool):
        self.layers = layers
        self.form = form
        shape = (len(layers), *form.stored)
        weight = layers[0].parameter.weight
        self.ever: Tensor = torch.zeros(shape, dtype=torch.bool, device=weight.device)
        self.positions: Tensor = form.positions(weight.device).flatten()
        self.last: Tensor | None = None
        if remembers:
            self.last = torch.zeros(shape, dtype=weight.dtype, device=weight.device)
        if all(layer.memory is None for layer in layers):
            self.ever |= masks(layers)
            if self.last is not None:
                self.last.copy_(weights(layers).detach())
        for i, layer in enumerate(layers):
            own = None if self.last is None else self.last[i]
            memory = MaskMemory(form, self.ever[i], own)
            if layer.memory is not None:
                keys, values = layer.memory.keys.to(weight.device), layer.memory.values
                memory.remember(keys, keys if values is None else values)
            layer.memory = memory

    @property
    def fits(self) -> bool:
        """Whether the layers still are what they were when they were grouped."""
        return all(
            is_masked(layer)
            and isinstance(layer.memory, MaskMemory)
            and layer.parameter.weight.device == self.ever.device
            and (self.last is None or self.last.dtype == layer.parameter.weight.dtype)
            for layer in self.layers
        )


def grouped(layers: Sequence[EvolvingLayer], remembers: bool) -> list[Group]:
    """Return masked layers by form, in chunks of bounded memory.

    Parameters
    ----------
    remembers
        Whether the last weight of every link is kept.
    """
    forms: dict[tuple[Form, torch.device, torch.dtype], list[EvolvingLayer]] = {}
    for layer in layers:
        weight = layer.parameter.weight
        forms.setdefault((form_of(layer), weight.device, weight.dtype), []).append(layer)
    groups = []
    for (form, *_), members in forms.items():
        size = max(1, CHUNK // max(1, form.n_source * form.n_target))
        groups += [
            Group(members[i : i + size], form, remembers) for i in range(0, len(members), size)
        ]
    return groups


def as_links(layer: EvolvingLayer) -> None:
    """Let a layer that is masked no more remember its links as keys."""
    if isinstance(layer.memory, MaskMemory):
        layer.memory = LinkMemory(layer.memory.keys, layer.memory.values)
