"""The last part of an update: as many links come as were lost, with new weights."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ... import registry
from .removal_step import spend
from .softness import exponent_of

if TYPE_CHECKING:
    from ...methods import MethodOptions, Phase
    from .work import LayerUpdate, Work


def regrowth_step(works: Sequence[Work], method: MethodOptions, phase: Phase, active: Any) -> None:
    """Give each layer the links it lacks: by the phase's rule, the rest uniformly.

    Parameters
    ----------
    active
        Function that returns the alive neurons of each layer (`Network.alive_ends`).
    """
    entry = registry.get("regrowth", phase.regrowth)
    make = registry.get("new weights", method.new_weights).target
    wanted = _wanted([u for work in works for u in work.updates], method.regrowth_scope)
    if method.regrowth_scope == "network":
        for work in works:
            _spare_full(work, wanted)
    exponent = exponent_of(phase.delta)
    scored = entry.metadata.get("scores", True)
    alive = active() if scored and any(wanted.values()) else None
    for work in works:
        begun = time.perf_counter()
        counts = [wanted[update] for update in work.updates]
        if any(counts):
            scores = entry.target(work, max(counts), **phase.options)
            per_neuron = method.regrowth_scope == "neuron"
            work.regrow(scores, counts, exponent, alive, per_neuron)
            for update, n in zip(work.updates, counts):
                update.regrown = n
            work.weigh(make(work, **method.new_weights_options))
        spend(work, begun)


def _wanted(updates: list[LayerUpdate], scope: str) -> dict[LayerUpdate, int]:
    moving = [update for update in updates if not update.stopped]
    wanted = dict.fromkeys(updates, 0)
    if scope != "network":
        return wanted | {u: max(0, u.target - u.kept) for u in moving}
    total = sum(update.target - update.kept for update in moving)
    return wanted | dict(zip(moving, share_by_survivors(moving, total)))


def _spare_full(work: Work, wanted: dict[LayerUpdate, int]) -> None:
    """Leave alone the layers that lacked no link and would get back all that they lost."""
    full = [u.before == u.room > u.kept and wanted[u] == u.room - u.kept for u in work.updates]
    if not any(full):
        return
    work.spare(full)
    for update, spared in zip(work.updates, full):
        if spared:
            update.kept, update.removed, update.percolated = update.before, 0, 0
            wanted[update] = 0


def share_by_survivors(updates: Sequence[LayerUpdate], total: int) -> list[int]:
    """Divide a total over layers in proportion to the links that survived, within their room."""
    room = [update.room - update.kept for update in updates]
    weight = [max(1, update.kept) for update in updates]
    counts = [0] * len(updates)
    while (left := total - sum(counts)) > 0:
        open_ones = [i for i in range(len(updates)) if counts[i] < room[i]]
        if not open_ones:
            break
        scale = left / sum(weight[i] for i in open_ones)
        for i in open_ones:
            counts[i] += min(room[i] - counts[i], int(scale * weight[i]))
        if total - sum(counts) == left:
            for i in sorted(open_ones, key=lambda i: -((scale * weight[i]) % 1))[:left]:
                counts[i] += 1
    return counts
