"""The second part of an update: links go, by the method's removal score."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import registry
from . import draws as draw
from .select import best_of_all

if TYPE_CHECKING:
    from ...methods import MethodOptions
    from .work import LayerUpdate, Work


def removal_step(
    works: Sequence[Work],
    method: MethodOptions,
    zeta: float,
    exponent: float,
    state: dict[str, float],
) -> bool:
    """Remove the share ``zeta`` of each layer's links, or the surplus of an elastic schedule.

    Parameters
    ----------
    exponent
        The links that stay are drawn with weight ``score ** exponent``; infinite takes the best.
    state
        What a rule for the whole network keeps from one update to the next.

    Returns
    -------
    bool
        Whether it is known how many links each layer has now; if not, they have to be counted.
    """
    assert method.removal is not None
    entry = registry.get("removal", method.removal)
    if entry.metadata.get("scope") == "network":
        moving = [work for work in works if not all(u.stopped for u in work.updates)]
        wanted = sum(_taken(u, zeta) for work in moving for u in work.updates)
        entry.target(moving, state, wanted, **method.removal_options)
        return False
    if method.removal_scope == "network":
        _over_the_network(works, method, zeta, exponent)
        return False
    for work in works:
        begun = time.perf_counter()
        score = entry.target(work, **method.removal_options)
        if method.removal_scope == "neuron":
            share = [0.0 if u.stopped or u.stays_full else zeta for u in work.updates]
            work.keep_best_of_neurons(score, share, exponent, draw.REMOVAL)
        else:
            taken = [_taken(update, zeta) for update in work.updates]
            counts = [update.kept - n for update, n in zip(work.updates, taken)]
            if any(taken):
                work.keep_best(score, counts, exponent, draw.REMOVAL)
            for update, n in zip(work.updates, taken):
                update.removed, update.kept = n, update.kept - n
        spend(work, begun)
    return method.removal_scope != "neuron"


def _taken(update: LayerUpdate, zeta: float) -> int:
    if update.stopped or update.stays_full:
        return 0
    base = update.elastic_base
    return round(zeta * update.kept) if base is None else max(0, update.kept - base)


def _over_the_network(
    works: Sequence[Work], method: MethodOptions, zeta: float, exponent: float
) -> None:
    """Rank the links of all layers together."""
    assert method.removal is not None
    rule = registry.get("removal", method.removal).target
    moving = [work for work in works if not all(u.stopped for u in work.updates)]
    kept = sum(u.kept - _taken(u, zeta) for work in moving for u in work.updates)
    ranked = [work.ranked(rule(work, **method.removal_options), exponent) for work in moving]
    if not ranked:
        return
    parts = [(value, chance) for value, chance, _ in ranked]
    chosen = best_of_all(parts, kept, [inside for *_, inside in ranked])
    for work, mask in zip(moving, chosen):
        work.keep_these(mask)


def spend(work: Work, begun: float) -> None:
    """Charge the time since then to the layers of some work, in equal parts."""
    spent = (time.perf_counter() - begun) / max(1, len(work.updates))
    for update in work.updates:
        update.seconds += spent
