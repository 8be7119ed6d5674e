"""An update of one layer, or head, as a list of links."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .absent import contains
from .link_change import Change, spared
from .list_choice import ListChoice
from .percolation import Ends


class LinkList(ListChoice):
    """A list of links from the first look to the last word about it."""

    def remember(self) -> None:
        """Take note of the links that there are, and of their weights."""
        if self.update.head == 0:
            self.of.memory.remember(self.of.parameter.keys, self.of.parameter.values)

    def report(self) -> Tensor:
        """Return nothing: all is known already."""
        taken = self.after_density & ~self.keep
        self.update.shared = int(contains(self.new_keys, self.keys[taken]).sum())
        return self.keys.new_empty(0)

    def learn(self, told: Sequence[int]) -> None:
        """Take in what `report` said."""
        self.counted_before: list[int] = [self.update.before]

    def decision(self) -> list[Tensor]:
        """Return which links stay, which come, and their weights."""
        return [self.keep.to(torch.uint8), self.new_keys, self.new_values]

    def decide(self, told: Sequence[Tensor]) -> None:
        """Do what another process has decided."""
        self.keep = told[0].bool()
        self.new_keys = told[1]
        self.new_values = told[2]

    def change(self, retain: bool) -> Change:
        """Return what happens to the links of the layer (or of the head, in its own order)."""
        keys = self._to_layer(self.new_keys)
        change = Change(self.keep, keys, self.new_values)
        return spared(change, self._to_layer(self.keys)) if retain else change


def whole_change(parts: Sequence[LinkList], retain: bool) -> Change:
    """Return the change of a layer from those of its heads."""
    if len(parts) == 1 and parts[0].where is None:
        return parts[0].change(retain)
    changes = [part.change(retain) for part in parts]
    n_links, device = parts[0].of.parameter.n_links, changes[0].keep.device
    keep = torch.ones(n_links, dtype=torch.bool, device=device)
    for part, change in zip(parts, changes):
        keep[part.where] = change.keep
    keys = torch.cat([change.keys for change in changes])
    return Change(keep, keys, torch.cat([change.values for change in changes]))


def ends_of(parts: Sequence[LinkList]) -> Ends:
    """Return the links that are left of a layer between neurons."""
    layer = parts[0].of
    u, v = layer.parameter.endpoints(None, layer.grid)
    keep = torch.ones_like(u, dtype=torch.bool)
    for part in parts:
        if part.where is None:
            keep = part.keep.clone()
        else:
            keep[part.where] = part.keep
    return Ends(u, v, keep, all(layer.stopped))


def final_ends(parts: Sequence[LinkList]) -> Ends:
    """Return the links of a layer between neurons after the update."""
    layer = parts[0].of
    keys = torch.cat([part._to_layer(k) for part in parts for k in (part.kept_keys, part.new_keys)])
    u, v = layer.parameter.endpoints(keys, layer.grid)
    return Ends(u, v, torch.ones_like(u, dtype=torch.bool))
