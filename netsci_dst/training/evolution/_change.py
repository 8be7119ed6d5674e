"""What an update does to the layers, put together from their heads."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from ._choose import contains

if TYPE_CHECKING:
    from ._layer import LayerUpdate


class Change(NamedTuple):
    """What an update does to one layer: links to keep, and links to add with their weights."""

    keep: Tensor
    keys: Tensor
    values: Tensor


def changes_of(drafts: list[LayerUpdate], retain_regrown_state: bool) -> dict[str, Change]:
    """Return the change of each layer by its name.

    With ``retain_regrown_state`` a link that is removed and regrown counts as one that never went.
    """
    changes: dict[str, Change] = {}
    for draft in drafts:
        name, keys = draft.of.name, draft.to_layer(draft.new_keys)
        if draft.where is None:
            changes[name] = Change(draft.links.keep, keys, draft.new_values)
            continue
        if name not in changes:
            nothing = (keys.new_empty(0), draft.new_values.new_empty(0))
            everything = torch.ones(draft.of.layer.n_links, dtype=torch.bool, device=keys.device)
            changes[name] = Change(everything, *nothing)
        keep, others, values = changes[name]
        keep[draft.where] = draft.links.keep
        changes[name] = Change(
            keep, torch.cat([others, keys]), torch.cat([values, draft.new_values])
        )
    if retain_regrown_state:
        before = {draft.of.name: draft.of.layer.keys for draft in drafts}
        return {name: _spared(change, before[name]) for name, change in changes.items()}
    return changes


def _spared(change: Change, before: Tensor) -> Change:
    back = contains(before, change.keys)
    keep = change.keep | contains(change.keys[back].sort().values, before)
    return Change(keep, change.keys[~back], change.values[~back])
