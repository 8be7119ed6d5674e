"""The first part of an update: down to the density that the schedule asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import registry
from . import draws as draw

if TYPE_CHECKING:
    from ...methods import MethodOptions
    from .density import Plan
    from .work import LayerUpdate, Work


def density_step(works: Sequence[Work], method: MethodOptions, time: float, removing: bool) -> None:
    """Set each layer's target by the density schedule, and prune what is above it.

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
    for work in works:
        for update in work.updates:
            _aim(update, plan, removing)
        pruned = [update.elastic_base is None for update in work.updates]
        if method.prune_from_history:
            counts = [u.target for u in work.updates]
            work.recall(counts, draw.DENSITY)
        else:
            counts = [
                min(u.target, u.kept) if here else u.kept for u, here in zip(work.updates, pruned)
            ]
            if any(n < u.kept for n, u in zip(counts, work.updates)):
                score = registry.get("removal", method.density_criterion).target(work)
                work.keep_best(score, counts, float("inf"), draw.DENSITY)
            for update, n in zip(work.updates, counts):
                update.pruned, update.kept = update.kept - n, n
        work.marks_density()


def _aim(update: LayerUpdate, plan: Plan, removing: bool) -> None:
    base, full = update.of.planned(update.head, plan.progress, plan.surplus)
    update.target = full
    moves = removing and not update.stopped
    update.elastic_base = base if plan.elastic and moves else None
