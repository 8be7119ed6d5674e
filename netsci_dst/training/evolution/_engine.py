"""The topology update, written once (CHT fig. A3, CHTss fig. 1).

For each layer: density step, removal, percolation, regrowth, new weights; then the statistics. The
parts are looked up by name and none is known here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ... import registry
from ...errors import RecipeError
from ._change import Change, changes_of
from ._clock import Clock
from ._density_step import density_step
from ._layer import EvolvingLayer, LayerUpdate
from ._memory import LinkMemory
from ._needs import momentum_coefficient, needs, needs_history, steps_remembered
from ._percolation import Network
from ._regrowth_step import regrowth_step
from ._removal_step import removal_step
from ._state import restore, state_of
from ._statistics import rows_of
from ._timetable import Timetable

if TYPE_CHECKING:
    from ...methods import MethodOptions
    from ..wiring import Wiring


class Engine:
    """Evolves the sparse layers of a model by a method.

    Parameters
    ----------
    layers
        The sparse layers, with their links in place.
    wiring
        Populations of the model.
    method
        Parts and options.
    clock
        When updates happen.
    optimizer
        Its state follows the links.
    seed
        Seed of all choices; the same for both backends.
    agree
        Makes the changes of an update the same on all processes.
    average
        Averages a tensor over processes.

    Notes
    -----
    Order of calls for optimizer step number ``step`` (counted from 1): `begin`, forward and
    backward passes, `before_step`, the optimizer, `after_step`, and `update` when `due`.
    """

    def __init__(
        self,
        layers: Sequence[EvolvingLayer],
        wiring: Wiring,
        method: MethodOptions,
        clock: Clock,
        optimizer: torch.optim.Optimizer | None,
        seed: int,
        agree: Callable[[dict[str, Change]], dict[str, Change]] | None = None,
        average: Callable[[Tensor], Tensor] | None = None,
    ):
        self.layers, self.method, self.clock = list(layers), method, clock
        self.wiring, self.optimizer = wiring, optimizer
        self.network = Network(wiring)
        self.agree, self.average = agree, average
        device = self.layers[0].layer.keys.device if self.layers else torch.device("cpu")
        self.generator = torch.Generator(device=device).manual_seed(seed)
        self.removal_state: dict[str, float] = {}
        self.timetable = Timetable(method, clock)
        if method.density != "constant" and self.layers and clock.total_steps < 2:
            raise RecipeError(
                f"density schedule {method.density!r} cannot arrive within one step: "
                "train for 2 steps or more"
            )
        remembers = needs_history(method)
        for each in self.layers:
            each.memory = LinkMemory(each.layer.keys, each.layer.values if remembers else None)
        self._beta, self._reach = momentum_coefficient(method), 0
        if self._beta is not None and self.layers:
            self._reach = steps_remembered(self._beta, self.layers[0].layer.values.dtype)
        self._smooths = False
        rule = method.step_hook
        self.rule = (
            registry.get("step hook", rule).target(self, **method.step_hook_options)
            if rule and self.layers
            else None
        )

    def set_wiring(self, wiring: Wiring) -> None:
        """Take another wiring of the same layers."""
        self.wiring, self.network = wiring, Network(wiring)

    def due(self, step: int) -> bool:
        """Return whether the topology is updated after a step."""
        return bool(self.layers) and self.timetable.due(step, self._stopped(), bool(self.rule))

    @property
    def stays_still(self) -> str | None:
        """Why a topology that should evolve never does: training ends before its first update."""
        first = (self.clock.interval, self.timetable.density_end)
        if not self.method.evolves or not self.layers or any(map(self.due, first)):
            return None
        return (
            f"the topology stays as it begins: an update comes every {self.clock.interval} steps, "
            f"and training has {self.clock.total_steps}; train longer or update more often"
        )

    def _stopped(self) -> bool:
        return all(all(each.stopped) for each in self.layers)

    # --- around each step ---------------------------------------------------------------------

    def begin(self, step: int) -> None:
        """Prepare for a step: ask layers to keep what gradients of absent links need."""
        self._smooths = self._regrows_by("momentum", step, self._reach)
        wanted = self._smooths or self._regrows_by("dense_gradient", step, 1)
        for each in self.layers:
            if not self._smooths:
                each.momentum = None
            if wanted or each.layer.capture:
                each.layer.capture = wanted

    def before_step(self) -> None:
        """Act between the backward pass and the optimizer."""
        if self._smooths:
            for each in self.layers:
                gradient = self._averaged(each.layer.dense_gradient())
                if each.momentum is None:
                    each.momentum = torch.zeros_like(gradient)
                each.momentum.lerp_(gradient, 1 - self._beta)
        if self.rule is not None:
            self.rule.before_step()

    def after_step(self, step: int) -> None:
        """Act after the optimizer."""
        if self.rule is not None:
            self.rule.after_step(step)

    def _regrows_by(self, need: str, step: int, reach: int) -> bool:
        """Return whether in the next steps links regrow by a rule that has this need."""
        rules = self.timetable.regrowth_within(step, reach)
        return any(need in needs("regrowth", rule) for rule in rules) and not self._stopped()

    def _averaged(self, tensor: Tensor) -> Tensor:
        return tensor if self.average is None else self.average(tensor)

    # --- the update ---------------------------------------------------------------------------

    @torch.no_grad()
    def update(self, step: int) -> list[dict[str, Any]]:
        """Update the topology after a step; return a row of statistics per layer and for all."""
        begun = time.perf_counter()
        for each in self.layers:
            if self.hidden(each) is None:
                each.memory.remember(each.layer.keys, each.layer.values)
        method, timetable = self.method, self.timetable
        removing = timetable.removes(step)
        drafts = [
            LayerUpdate(each, head, self.generator)
            for each in self.layers
            for head in range(each.heads)
        ]
        for draft in drafts:
            self._offer_gradients(draft)
        zeta = timetable.zeta(step) if removing else 0.0
        density_step(drafts, method, timetable.density_time(step), removing)
        if removing:
            removal_step(drafts, method, zeta, timetable.removal_exponent(step), self.removal_state)
        if timetable.regrows(step):
            if method.percolation:
                self.network.percolate_drafts(drafts)
            phase = timetable.phase(step)
            assert phase is not None
            regrowth_step(drafts, method, phase, self.network)
        self._apply(drafts)
        if self.rule is not None:
            self.rule.report(drafts)
        for each in self.layers:
            each.layer.release()
        if removing:
            self._stop_early(drafts)
        seconds = time.perf_counter() - begun
        return rows_of(self, drafts, step, None if method.elastic else zeta, seconds)

    def _offer_gradients(self, draft: LayerUpdate) -> None:
        each = draft.of
        if each.layer.capture:
            draft.links.dense_gradient = lambda: draft.dense(
                self._averaged(each.layer.dense_gradient())
            )
        if each.momentum is not None:
            draft.links.momentum = lambda: draft.dense(each.momentum)

    def _apply(self, drafts: list[LayerUpdate]) -> None:
        changes = changes_of(drafts, self.method.retain_regrown_state)
        if self.agree is not None:
            changes = self.agree(changes)
        for each in self.layers:
            self.exchange(each, changes[each.name])

    def exchange(self, each: EvolvingLayer, change: Change) -> None:
        """Put a change into effect on one layer and remember the links that come."""
        if bool(change.keep.all()) and not change.keys.numel():
            return
        each.layer.rewire(change.keep, change.keys, change.values, self.optimizer)
        order = change.keys.argsort()
        each.memory.remember(change.keys[order], change.values[order])

    def _stop_early(self, drafts: list[LayerUpdate]) -> None:
        threshold = self.method.early_stop
        if threshold is None:
            return
        for draft in drafts:
            regrown = draft.new_keys.numel()
            if regrown and draft.overlap / regrown > threshold:
                draft.of.settled[draft.head] = True
        together = self.method.early_stop_scope == "network"
        if together and not all(all(each.settled) for each in self.layers):
            return
        for each in self.layers:
            each.stopped = list(each.settled)

    def visible_links(self, each: EvolvingLayer) -> int:
        """Return the number of links that take part in the forward pass."""
        hidden = self.hidden(each)
        return each.layer.n_links - (0 if hidden is None else int(hidden.sum()))

    def hidden(self, each: EvolvingLayer) -> Tensor | None:
        """Return which of a layer's links take no part in the forward pass, or None."""
        return None if self.rule is None else self.rule.hidden(each)

    # --- state --------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return tensors and JSON-compatible facts from which `load` continues bit for bit."""
        return state_of(self)

    def load(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Continue from what `state` returned.

        Raises
        ------
        FormatError
            If the state is not of these layers.
        """
        restore(self, tensors, facts)
