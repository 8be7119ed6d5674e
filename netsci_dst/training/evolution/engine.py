"""Evolution of the sparse layers of a model by a method: what happens around each step."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ... import registry
from ...errors import RecipeError
from .captures import Captures
from .clock import Clock
from .group import Group, as_links, grouped
from .layer import EvolvingLayer
from .link_change import Change
from .masked import is_masked
from .memory import LinkMemory, MaskMemory
from .needs import needs_history
from .percolation import Ends, Network
from .state import restore, state_of
from .statistics import rows_of, rows_of_hook
from .timetable import Timetable
from .update import Update
from .work import LayerUpdate

if TYPE_CHECKING:
    from ...methods import MethodOptions
    from ..wiring import Wiring


class Engine:
    """Evolves the sparse layers of a model by a method.

    Parameters
    ----------
    layers
        The sparse layers, with their links in place. Those that lack no link, and those that are
        not trained, are never updated.
    wiring
        Populations of the model.
    method
        Parts and options.
    clock
        When updates happen.
    optimizer
        One or several; their state follows the links.
    seed
        Seed of all choices; the same links for the same seed in every storage format.
    agree
        Returns the tensors of process 0 for those that each process gives.
    average
        Averages a tensor over processes.

    Attributes
    ----------
    paths
        Paths of length three of each layer from whose links the latest update predicted others.

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
        optimizer: torch.optim.Optimizer | Sequence[torch.optim.Optimizer] | None,
        seed: int,
        agree: Callable[[list[Tensor]], list[Tensor]] | None = None,
        average: Callable[[Tensor], Tensor] | None = None,
    ):
        self.layers: list[EvolvingLayer] = list(layers)
        self.method = method
        self.clock = clock
        self.wiring = wiring
        self.optimizer = optimizer
        self.seed = seed
        self.network = Network(wiring)
        self.agree = agree
        self.average = average
        device = self.layers[0].parameter.weight.device if self.layers else torch.device("cpu")
        self.generator: torch.Generator = torch.Generator(device=device).manual_seed(seed)
        self.removal_state: dict[str, float] = {}
        self.paths: dict[str, int] = {}
        self.timetable: Timetable = Timetable(method, clock)
        if method.density != "constant" and self.layers and clock.total_steps < 2:
            raise RecipeError(
                f"density schedule {method.density!r} cannot arrive within one step: "
                "train for 2 steps or more"
            )
        for index, layer in enumerate(self.layers):
            layer.index = index
        self.remembers: bool = needs_history(method)
        self._groups: list[Group] = []
        self._regroup()
        self.captures: Captures = Captures(self)
        self.rule: Any = None
        if method.step_hook and self.moving:
            entry = registry.get("step hook", method.step_hook)
            self.rule = entry.target(self, **method.step_hook_options)

    @property
    def moving(self) -> list[EvolvingLayer]:
        """The layers that are updated."""
        return [layer for layer in self.layers if not layer.still]

    def _regroup(self) -> None:
        """Put masked layers together by form, and let each layer remember its links."""
        by_hook = self.method.hook_moves_links
        masked = [] if by_hook else [layer for layer in self.moving if is_masked(layer)]
        known = {id(layer) for group in self._groups for layer in group.layers}
        if known != {id(layer) for layer in masked} or not all(g.fits for g in self._groups):
            self._groups = grouped(masked, self.remembers)
        self._remember_lists(masked)

    def _remember_lists(self, masked: Sequence[EvolvingLayer]) -> None:
        stacked = {id(layer) for layer in masked}
        for layer in self.layers:
            if id(layer) in stacked:
                continue
            if isinstance(layer.memory, MaskMemory):
                as_links(layer)
            if layer.memory is None:
                values = layer.parameter.values if self.remembers else None
                layer.memory = LinkMemory(layer.parameter.keys, values)

    def set_wiring(self, wiring: Wiring) -> None:
        """Take another wiring of the same layers, whose neurons may be others."""
        self.wiring: Wiring = wiring
        self.network: Network = Network(wiring)
        self._groups = []
        self._regroup()
        for layer in self.layers:
            layer.counts = layer.counted()

    def due(self, step: int) -> bool:
        """Return whether the topology is updated after a step."""
        if not self.timetable.may_be_due(step) or not self.moving:
            return False
        return self.timetable.due(step, self.stopped, self.method.hook_moves_links)

    @property
    def stays_still(self) -> str | None:
        """Why a topology that should evolve never does: training ends before its first update."""
        first = (self.clock.interval, self.timetable.density_end)
        if not self.method.evolves or not self.moving or any(map(self.due, first)):
            return None
        return (
            f"no topology update will occur: one is due every {self.clock.interval} steps, "
            f"and training has {self.clock.total_steps}; train longer or update more often"
        )

    @property
    def stopped(self) -> bool:
        """Whether all layers have stopped evolving."""
        return all(all(layer.stopped) for layer in self.moving)

    # --- around each step ---------------------------------------------------------------------

    def begin(self, step: int) -> None:
        """Prepare for a step: ask layers to keep what gradients of absent links need."""
        if self.rule is not None:
            self.rule.begin(step)
        self.captures.begin(step)

    def before_step(self) -> None:
        """Act between the backward pass and the optimizer."""
        self.captures.smooth()
        if self.rule is not None:
            self.rule.before_step()

    def after_step(self, step: int) -> None:
        """Act after the optimizer."""
        if self.rule is not None:
            self.rule.after_step(step)

    def averaged(self, tensor: Tensor) -> Tensor:
        """Return the mean of a tensor over processes."""
        return tensor if self.average is None else self.average(tensor)

    # --- the update ---------------------------------------------------------------------------

    @torch.no_grad()
    def update(self, step: int) -> list[dict[str, Any]]:
        """Update the topology after a step; return a row of statistics per layer and for all."""
        begun = time.perf_counter()
        self.captures.fill_unreached()
        if self.method.hook_moves_links:
            rows = self._update_by_hook(step, begun)
        else:
            rows = self._update(step, begun)
        self.captures.release()
        return rows

    def _update(self, step: int, begun: float) -> list[dict[str, Any]]:
        removing = self.timetable.removes(step)
        zeta = self.timetable.zeta(step) if removing else 0.0
        update = self._decided(step, zeta)
        if update.stale:
            for layer in self.moving:
                layer.counts = layer.counted()
            update = self._decided(step, zeta)
        update.agree()
        update.commit()
        self.paths = update.paths()
        if removing:
            self._stop_early(update.updates)
        seconds = time.perf_counter() - begun
        return rows_of(self, update, step, None if self.method.elastic else zeta, seconds)

    def _decided(self, step: int, zeta: float) -> Update:
        self._regroup()
        update = Update(self, self._groups, step)
        update.decide(zeta)
        return update

    def _update_by_hook(self, step: int, begun: float) -> list[dict[str, Any]]:
        updates = []
        for layer in self.moving:
            if self.hidden(layer) is None:
                layer.memory.remember(layer.parameter.keys, layer.parameter.values)
            updates.append(LayerUpdate(layer, 0, layer.parameter.n_links))
        self.rule.report(updates)
        return rows_of_hook(self, updates, step, time.perf_counter() - begun)

    def exchange(self, layer: EvolvingLayer, change: Change) -> None:
        """Put a change into effect on one layer and remember the links that come."""
        if bool(change.keep.all()) and not change.keys.numel():
            return
        layer.parameter.rewire(change.keep, change.keys, change.values, self.optimizer)
        order = change.keys.argsort()
        layer.memory.remember(change.keys[order], change.values[order])

    def still_ends(self) -> dict[str, Ends]:
        """Return the links of sparse layers that are not trained: percolation leaves them."""
        ends = {}
        for layer in self.layers:
            if layer.still and layer.parameter.n_links < layer.parameter.n_possible:
                u, v = layer.parameter.endpoints(None, layer.grid)
                ends[layer.name] = Ends(u, v, torch.ones_like(u, dtype=torch.bool), frozen=True)
        return ends

    def _stop_early(self, updates: Sequence[LayerUpdate]) -> None:
        threshold = self.method.early_stop
        if threshold is None:
            return
        for update in updates:
            if update.regrown and update.shared / update.regrown > threshold:
                update.of.settled[update.head] = True
        together = self.method.early_stop_scope == "network"
        if together and not all(all(layer.settled) for layer in self.moving):
            return
        for layer in self.moving:
            layer.stopped = list(layer.settled)

    def visible_links(self, layer: EvolvingLayer) -> int:
        """Return the number of links that take part in the forward pass."""
        hidden = self.hidden(layer)
        return layer.parameter.n_links - (0 if hidden is None else int(hidden.sum()))

    def hidden(self, layer: EvolvingLayer) -> Tensor | None:
        """Return which of a layer's links take no part in the forward pass, or None."""
        return None if self.rule is None else self.rule.hidden(layer)

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
        for layer in self.layers:
            layer.counts = layer.counted()
        self._regroup()
