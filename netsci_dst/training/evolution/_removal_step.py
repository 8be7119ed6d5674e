"""The second part of an update: links go, by the method's removal score."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ... import registry
from ._choose import sample_k

if TYPE_CHECKING:
    from ...methods import MethodOptions
    from ._layer import LayerUpdate


def removal_step(
    drafts: list[LayerUpdate],
    method: MethodOptions,
    zeta: float,
    exponent: float,
    state: dict[str, float],
) -> None:
    """Remove the share ``zeta`` of each draft's links, or the surplus of an elastic schedule.

    Parameters
    ----------
    exponent
        The links that stay are drawn with weight ``score ** exponent``; infinite takes the best.
    state
        What a rule for the whole network keeps from one update to the next.
    """
    assert method.removal is not None
    entry = registry.get("removal", method.removal)
    moving = [draft for draft in drafts if not draft.stopped]
    counts = [_n_remove(draft, zeta) for draft in moving]
    if entry.metadata.get("scope") == "network":
        before = [draft.links.n_kept for draft in moving]
        links = [draft.links for draft in moving]
        entry.target(links, state, sum(counts), **method.removal_options)
        for draft, n in zip(moving, before):
            draft.removed = n - draft.links.n_kept
        return
    for draft, n in zip(moving, counts):
        begun = time.perf_counter()
        score = entry.target(draft.links, **method.removal_options)
        alive = draft.links.keep.nonzero().flatten()
        kept = sample_k(score[alive], alive.numel() - n, exponent, draft.links.generator)
        draft.keep_only(alive[kept])
        draft.removed = n
        draft.seconds += time.perf_counter() - begun


def _n_remove(draft: LayerUpdate, zeta: float) -> int:
    alive = draft.links.n_kept
    base = draft.elastic_base
    return round(zeta * alive) if base is None else max(0, alive - base)
