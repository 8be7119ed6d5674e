"""The last part of an update: as many links come as were lost, with new weights."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ... import registry
from ._choose import absent, contains
from ._percolation import Ends, ends_of
from .softness import exponent_of

if TYPE_CHECKING:
    from ..methods import MethodOptions, Phase
    from ._layer import Draft
    from ._percolation import Network


def regrowth_step(
    drafts: list[Draft], method: MethodOptions, phase: Phase, network: Network
) -> None:
    """Give each draft the links it lacks: by the phase's rule, the rest uniformly."""
    rule = registry.get("regrowth", phase.regrowth).target
    make = registry.get("new weights", method.new_weights).target
    ends: dict[str, Ends] | None = None
    for draft, n in _wanted(drafts, method.regrowth_scope):
        if n <= 0:
            continue
        begun = time.perf_counter()
        links = draft.links
        keys = rule(links, n, exponent_of(phase.delta), **phase.options)
        if keys.numel() < n:
            ends = ends or ends_of(drafts)
            keys = _fill(draft, keys, n, network, ends)
        draft.new_keys = keys.sort().values
        options = method.new_weights_options
        draft.new_values = make(links, draft.new_keys, links.n_kept + n, **options)
        taken = draft.after_density & ~links.keep
        draft.overlap = int(contains(draft.new_keys, links.keys[taken]).sum())
        draft.seconds += time.perf_counter() - begun


def _wanted(drafts: list[Draft], scope: str) -> list[tuple[Draft, int]]:
    moving = [draft for draft in drafts if not draft.stopped]
    if scope == "layer":
        return [(draft, draft.target - draft.links.n_kept) for draft in moving]
    total = sum(draft.target - draft.links.n_kept for draft in moving)
    return list(zip(moving, share_by_survivors([d.links for d in moving], total)))


def share_by_survivors(links: list[Any], total: int) -> list[int]:
    """Divide a total over layers in proportion to the links that survived, within their room."""
    room = [each.n_possible - each.n_kept for each in links]
    weight = [max(1, each.n_kept) for each in links]
    counts = [0] * len(links)
    while (left := total - sum(counts)) > 0:
        open_ones = [i for i in range(len(links)) if counts[i] < room[i]]
        if not open_ones:
            break
        scale = left / sum(weight[i] for i in open_ones)
        for i in open_ones:
            counts[i] += min(room[i] - counts[i], int(scale * weight[i]))
        if total - sum(counts) == left:
            for i in sorted(open_ones, key=lambda i: -((scale * weight[i]) % 1))[:left]:
                counts[i] += 1
    return counts


def _fill(draft: Draft, keys: Tensor, n: int, network: Network, ends: dict[str, Ends]) -> Tensor:
    """Add uniform draws: from absent links between active neurons, then from any."""
    links = draft.links
    shape = (links.n_source, links.n_target)
    for among in (_active_positions(draft, network, ends), (None, None)):
        missing = n - keys.numel()
        if missing > 0:
            present = torch.cat([links.kept_keys, keys]).sort().values
            keys = torch.cat([keys, absent(missing, present, shape, links.generator, *among)])
    return keys


def _active_positions(
    draft: Draft, network: Network, ends: dict[str, Ends]
) -> tuple[Tensor, Tensor]:
    found = []
    for population, neurons in zip(
        network.ends_of_layer[draft.of.name], draft.of.neurons_of_positions()
    ):
        idle = network.inactive(population, ends)
        active = torch.ones_like(neurons, dtype=torch.bool) if idle is None else ~idle[neurons]
        found.append(active)
    low = draft.head * draft.of.width
    found[1] = found[1][low : low + draft.of.width]
    return found[0].nonzero().flatten(), found[1].nonzero().flatten()
