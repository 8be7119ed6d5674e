"""The first part of an update: down to the density that the schedule asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from ... import registry
from ._choose import contains, top_k

if TYPE_CHECKING:
    from ...methods import MethodOptions
    from ._layer import LayerUpdate


def density_step(
    drafts: list[LayerUpdate], method: MethodOptions, time: float, removing: bool
) -> None:
    """Set each draft's target by the density schedule, and prune what is above it.

    Parameters
    ----------
    time
        Share of training that is over.
    removing
        Whether removal follows; an elastic schedule then leaves the pruning to them.
        A head that has stopped evolving is still pruned to the density that was asked for.
    """
    if method.density == "constant":
        return
    schedule = registry.get("density schedule", method.density).target
    plan = schedule(time, **method.density_options)
    for draft in drafts:
        base, full = draft.of.planned(draft.head, plan.progress, plan.surplus)
        draft.target = full
        moves = removing and not draft.stopped
        draft.elastic_base = base if plan.elastic and moves else None
        if draft.elastic_base is not None:
            continue
        if method.prune_from_history:
            _recall(draft, full)
        elif full < draft.links.n_links:
            score: Tensor = registry.get("removal", method.density_criterion).target(draft.links)
            draft.keep_only(top_k(score, full, draft.links.generator))
        draft.pruned = draft.links.n_links - draft.links.n_kept
        draft.after_density = draft.links.keep.clone()


def _recall(draft: LayerUpdate, n: int) -> None:
    """Keep the links of largest last weight among all that ever were (GMP)."""
    memory = draft.of.memory
    known, values = memory.keys, memory.values
    assert values is not None
    if draft.of.heads > 1:
        own = (known % draft.of.layer.n_target) // draft.of.width == draft.head
        known, values = known[own], values[own]
    links = draft.links
    best = top_k(values.abs(), n, links.generator)
    chosen = draft.to_local(known[best])
    links.keep = contains(chosen, links.keys)
    back = ~contains(links.keys, chosen)
    draft.new_keys, draft.new_values = chosen[back], values[best][back].to(links.values)
