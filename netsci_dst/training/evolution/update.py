"""One topology update (CHT fig. A3, CHTss fig. 1).

For each layer: density step, removal, percolation, regrowth, new weights. The parts are looked up
by name and none is known here. On a GPU the device is waited for at most twice: where percolation
has taken links, and once at the end for the statistics.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ...errors import NumericalError
from . import draws as draw
from .density_step import density_step
from .draws import Draws
from .link_list import LinkList, ends_of, final_ends, whole_change
from .percolation import Activity, Alive, Ends
from .regrowth_step import regrowth_step
from .removal_step import removal_step
from .stack import Stack
from .work import LayerUpdate, Work

if TYPE_CHECKING:
    from ...methods.options import MethodOptions
    from .engine import Engine
    from .group import Group
    from .layer import EvolvingLayer


class Update:
    """An update of all layers of an engine after a step, decided but not yet put into effect.

    Attributes
    ----------
    updates
        One for each layer or head.
    active, n_neurons
        Neurons that have links after the update, and all neurons of their populations.
    """

    def __init__(self, engine: Engine, groups: Sequence[Group], step: int):
        self.engine = engine
        self.step = step
        self.method: MethodOptions = engine.method
        draws = Draws(engine.seed, step)
        self.works: list[Work] = []
        stacked: set[EvolvingLayer] = set()
        for group in groups:
            own = [LayerUpdate(e, head, e.counts[head]) for e in group.layers for head in _heads(e)]
            self.works.append(Stack(group, own, draws, engine.averaged, self._purposes()))
            stacked.update(group.layers)
        self.lists: dict[str, list[LinkList]] = {}
        for layer in engine.moving:
            if layer in stacked:
                continue
            layer.counts = layer.counted()
            self.lists[layer.name] = [
                LinkList(LayerUpdate(layer, head, layer.counts[head]), draws, engine.averaged)
                for head in _heads(layer)
            ]
            self.works += self.lists[layer.name]
        self.updates: list[LayerUpdate] = [update for work in self.works for update in work.updates]
        self.active = self.n_neurons = 0

    def _purposes(self) -> list[int]:
        """Return what random numbers are surely drawn for."""
        timetable, step = self.engine.timetable, self.step
        per_layer = self.method.removal_scope != "network"
        found = [draw.DENSITY] if step <= timetable.density_end else []
        found += [draw.REMOVAL] if timetable.removes(step) and per_layer else []
        return found + ([draw.REGROWTH] if timetable.regrows(step) else [])

    # --- deciding -----------------------------------------------------------------------------

    def decide(self, zeta: float) -> None:
        """Choose the links that go and that come."""
        timetable, step = self.engine.timetable, self.step
        removing = timetable.removes(step)
        for work in self.works:
            work.remember()
        density_step(self.works, self.method, timetable.density_time(step), removing)
        if removing:
            exponent = timetable.removal_exponent(step)
            state = self.engine.removal_state
            if not removal_step(self.works, self.method, zeta, exponent, state):
                self._count("removed")
        if timetable.regrows(step):
            alive = self._percolate() if self.method.percolation else None
            phase = timetable.phase(step)
            assert phase is not None
            network = self.engine.network
            ends = self._ends()
            regrowth_step(self.works, self.method, phase, lambda: network.alive_ends(ends, alive))
        self._learn()

    def _percolate(self) -> Alive | None:
        ends = self._ends()
        alive = self.engine.network.percolate(ends)
        for name, parts in self.lists.items():
            end = ends[name]
            assert isinstance(end, Ends)
            for part in parts:
                if not part.update.stopped:
                    part.keep = end.keep if part.where is None else end.keep[part.where]
        self._count("percolated")
        return alive

    def _ends(self) -> Mapping[str, Activity]:
        """Return the links that are left, of every layer that lacks any."""
        ends: dict[str, Activity] = dict(self.engine.still_ends())
        for work in self.works:
            if isinstance(work, Stack):
                ends |= work.activities()
        return ends | {name: ends_of(parts) for name, parts in self.lists.items()}

    def _count(self, what: str) -> None:
        """Find out how many links are left, and charge those that have gone since."""
        left = _told([work.counted() for work in self.works])
        for update, n in zip(self.updates, left):
            setattr(update, what, getattr(update, what) + update.kept - n)
            update.kept = n

    def _learn(self) -> None:
        """Find out what the statistics need, and whether scores were numbers."""
        ends: dict[str, Activity] = dict(self.engine.still_ends())
        for work in self.works:
            if isinstance(work, Stack):
                ends |= work.activities()
        ends |= {name: final_ends(parts) for name, parts in self.lists.items()}
        reports = [work.report() for work in self.works]
        active = self.engine.network.active(ends)
        self.n_neurons: int = sum(mask.numel() for mask in active.values())
        vectors = list(active.values())
        vectors += [ends[name].heard for name in self.lists]
        told = _told([*reports, *_sums(vectors), *self._doubts()])
        for work, report in zip(self.works, reports):
            work.learn(told[: len(report)])
            told = told[len(report) :]
        self.active: int = sum(told[: len(active)])
        told = told[len(active) :]
        for parts, sources in zip(self.lists.values(), told):
            parts[0].of.active_sources = sources
        if any(told[len(self.lists) :]):
            raise NumericalError(
                "a score by which links are chosen is not a number (NaN), or infinite where links "
                "are drawn by it"
            )

    def _doubts(self) -> list[Tensor]:
        """Return which scores were too large, or no numbers."""
        noted = [pair for work in self.works for pair in work.noted]
        if not noted:
            return []
        largest = torch.stack([value.to(torch.float32) for value, _ in noted])
        limits = draw.sent([limit for _, limit in noted], largest.device, torch.float32)
        return [largest.le(limits).logical_not_()]

    @property
    def stale(self) -> bool:
        """Whether links were changed by somebody else since the last update."""
        expected = {id(u): u.before for u in self.updates}
        return any(
            work.counted_before != [expected[id(u)] for u in work.updates] for work in self.works
        )

    def paths(self) -> dict[str, int]:
        """Return the paths of length three of each layer that predicted links, for its cost."""
        found: dict[str, int] = {}
        for update in self.updates:
            if update.paths is not None:
                found[update.of.name] = found.get(update.of.name, 0) + update.paths
        return found

    # --- putting it into effect ---------------------------------------------------------------

    def agree(self) -> None:
        """Take over what process 0 has decided."""
        if self.engine.agree is None:
            return
        parts = [work.decision() for work in self.works]
        told = self.engine.agree([tensor for part in parts for tensor in part])
        for work, part in zip(self.works, parts):
            work.decide(told[: len(part)])
            told = told[len(part) :]

    def commit(self) -> None:
        """Put the update into effect."""
        optimizer, retain = self.engine.optimizer, self.method.retain_regrown_state
        for work in self.works:
            if isinstance(work, Stack) and _changes(work.updates):
                work.commit(optimizer, retain)
        for parts in self.lists.values():
            self.engine.exchange(parts[0].of, whole_change(parts, retain))
            parts[0].of.ever = len(parts[0].of.memory)
        for update in self.updates:
            update.of.counts[update.head] = update.kept + update.regrown


def _heads(layer: EvolvingLayer) -> range:
    return range(layer.heads)


def _changes(updates: Sequence[LayerUpdate]) -> bool:
    return any(u.regrown or u.kept != u.before for u in updates)


def _sums(vectors: Sequence[Tensor]) -> list[Tensor]:
    """Return the sum of each bool vector, in few operations."""
    if not vectors:
        return []
    sizes = [len(vector) for vector in vectors]
    total = torch.cat(list(vectors)).cumsum(0)
    ends = draw.sent(list(itertools.accumulate(sizes)), total.device)
    return [torch.cat([total.new_zeros(1), total])[ends].diff(prepend=total.new_zeros(1))]


def _told(parts: Sequence[Any]) -> list[int]:
    """Return whole numbers of all parts, in one message from each device."""
    parts = [part for part in parts if part.numel()]
    devices = {part.device for part in parts}
    if len(devices) == 1:
        return torch.cat(list(parts)).tolist()
    return [n for part in parts for n in part.tolist()]
