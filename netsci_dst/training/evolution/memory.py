"""Which links ever were active, and the last weight of each."""

from __future__ import annotations

import torch
from torch import Tensor

from .form import Form


class LinkMemory:
    """Every link a layer ever had, as sorted keys: never n × n.

    Attributes
    ----------
    keys
        Increasing, int64.
    values
        The last weight of each, or None when weights are not remembered.
    """

    def __init__(self, keys: Tensor, values: Tensor | None):
        self.keys = keys.clone()
        self.values = None if values is None else values.clone()

    def __len__(self) -> int:
        return self.keys.numel()

    def remember(self, keys: Tensor, values: Tensor) -> None:
        """Take note of links (increasing keys) and their weights now."""
        place = torch.searchsorted(self.keys, keys)
        known = torch.zeros(keys.shape, dtype=torch.bool, device=keys.device)
        inside = place < self.keys.numel()
        known[inside] = self.keys[place[inside]] == keys[inside]
        if self.values is not None:
            self.values[place[known]] = values[known].to(self.values)
        if not bool(known.all()):
            self._insert(keys[~known], values[~known], place[~known])

    def last_values(self, keys: Tensor) -> Tensor:
        """Return the last weight of each key, 0 where it never was active."""
        assert self.values is not None
        place = torch.searchsorted(self.keys, keys).clamp_(max=len(self) - 1)
        known = self.keys[place] == keys
        return torch.where(known, self.values[place], torch.zeros_like(self.values[place]))

    def _insert(self, keys: Tensor, values: Tensor, place: Tensor) -> None:
        # Both lists are sorted: where each entry lands is its own rank plus that in the other.
        size = self.keys.numel() + keys.numel()
        at = place + torch.arange(keys.numel(), device=keys.device)
        old = torch.ones(size, dtype=torch.bool, device=keys.device)
        old[at] = False
        merged = self.keys.new_empty(size)
        merged[at], merged[old] = keys, self.keys
        self.keys: Tensor = merged
        if self.values is not None:
            weights = self.values.new_empty(size)
            weights[at], weights[old] = values.to(weights), self.values
            self.values = weights


class MaskMemory:
    """The same for a masked layer, position by position; several layers of one form share tensors.

    Attributes
    ----------
    ever
        Bool, as the weight is stored: which positions ever were links.
    last
        The last weight at each position, 0 where there was none; None when not remembered.
    """

    def __init__(self, form: Form, ever: Tensor, last: Tensor | None):
        self.form = form
        self.ever = ever
        self.last = last

    def __len__(self) -> int:
        return int(self.ever.sum())

    @property
    def keys(self) -> Tensor:
        """Keys of the links that ever were, increasing."""
        return self.form.logical(self.ever).reshape(-1).nonzero().flatten()

    @property
    def values(self) -> Tensor | None:
        """The last weight of each, or None when weights are not remembered."""
        return None if self.last is None else self.last_values(self.keys)

    def remember(self, keys: Tensor, values: Tensor) -> None:
        """Take note of links and their weights now."""
        u, v = keys // self.form.n_target, keys % self.form.n_target
        self.form.logical(self.ever)[u, v] = True
        if self.last is not None:
            self.form.logical(self.last)[u, v] = values.to(self.last)

    def last_values(self, keys: Tensor) -> Tensor:
        """Return the last weight of each key, 0 where it never was active."""
        assert self.last is not None
        u, v = keys // self.form.n_target, keys % self.form.n_target
        return self.form.logical(self.last)[u, v]
