"""The last part of an update: as many links come as were lost, with new weights."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ... import registry
from ._choose import absent, contains, random_subset
from ._percolation import Ends, ends_of
from .softness import exponent_of

if TYPE_CHECKING:
    from ...methods import MethodOptions, Phase
    from ._layer import LayerUpdate
    from ._percolation import Network


def regrowth_step(
    drafts: list[LayerUpdate], method: MethodOptions, phase: Phase, network: Network
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


def _wanted(drafts: list[LayerUpdate], scope: str) -> list[tuple[LayerUpdate, int]]:
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


def _fill(
    draft: LayerUpdate, keys: Tensor, n: int, network: Network, ends: dict[str, Ends]
) -> Tensor:
    """Add uniform draws: from absent links between active neurons, then from any."""
    links = draft.links
    shape = (links.n_source, links.n_target)
    among_active = _draw_from_list if links.groups > 1 else _draw_from_block
    keys = among_active(draft, keys, n, network, ends)
    present = torch.cat([links.kept_keys, keys]).sort().values
    return torch.cat([keys, absent(n - keys.numel(), present, shape, links.generator)])


def _draw_from_block(
    draft: LayerUpdate, keys: Tensor, n: int, network: Network, ends: dict[str, Ends]
) -> Tensor:
    """Add links between active neurons, which form a block of sources and targets."""
    links = draft.links
    found = []
    for population, neurons in zip(
        network.ends_of_layer[draft.of.name], draft.of.neurons_of_positions()
    ):
        found.append(_active(neurons, network.inactive(population, ends)))
    low = draft.head * draft.of.width
    found[1] = found[1][low : low + draft.of.width]
    among = (found[0].nonzero().flatten(), found[1].nonzero().flatten())
    present = torch.cat([links.kept_keys, keys]).sort().values
    shape = (links.n_source, links.n_target)
    return torch.cat([keys, absent(n - keys.numel(), present, shape, links.generator, *among)])


def _draw_from_list(
    draft: LayerUpdate, keys: Tensor, n: int, network: Network, ends: dict[str, Ends]
) -> Tensor:
    """Do the same for a grouped convolution, whose positions stand for other neurons by group."""
    links, each = draft.links, draft.of
    every = torch.arange(links.n_possible, device=keys.device)
    free = torch.ones_like(every, dtype=torch.bool)
    neurons = each.layer.endpoints(draft.to_layer(every), each.grid)
    for population, of_key in zip(network.ends_of_layer[each.name], neurons):
        free &= _active(of_key, network.inactive(population, ends))
    free[links.kept_keys] = False
    free[keys] = False
    found = free.nonzero().flatten()
    drawn = random_subset(found.numel(), n - keys.numel(), links.generator)
    return torch.cat([keys, found[drawn]])


def _active(neurons: Tensor, idle: Tensor | None) -> Tensor:
    return torch.ones_like(neurons, dtype=torch.bool) if idle is None else ~idle[neurons]
