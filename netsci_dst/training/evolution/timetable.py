"""When a method updates the topology, and how strongly at each step."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ... import registry
from .clock import Clock

if TYPE_CHECKING:
    from ...methods import MethodOptions, Phase


@dataclass(frozen=True)
class Timetable:
    """A method's schedules on the clock of a training."""

    method: MethodOptions
    clock: Clock

    @cached_property
    def last_evolving_step(self) -> int:
        """From this step on ζ removes nothing more."""
        return min(self.clock.step_of(self.method.update_end), self.clock.total_steps)

    @cached_property
    def density_end(self) -> int:
        """The step at which the density schedule arrives, on a regular update or not."""
        if self.method.density == "constant":
            return 0
        schedule = registry.get("density schedule", self.method.density).target
        default = inspect.signature(schedule).parameters.get("end")
        end = self.method.density_options.get("end", default.default if default else 1.0)
        return min(self.clock.step_of(end), self.clock.total_steps - 1)

    def density_time(self, step: int) -> float:
        """Return the share of training by which the density schedule is read at a step.

        From `density_end` on it is 1: where there is no later update the schedule still arrives.
        """
        return 1.0 if step >= self.density_end else self.clock.time(step)

    def may_be_due(self, step: int) -> bool:
        """Return whether a step is one after which updates come: a regular one, or the last."""
        regular = step % self.clock.interval == 0 or step == self.density_end
        return regular and self.method.evolves and 0 < step < self.clock.total_steps

    def due(self, step: int, stopped: bool, has_rule: bool) -> bool:
        """Return whether the topology is updated after a step.

        Parameters
        ----------
        stopped
            Whether all layers have stopped evolving.
        has_rule
            Whether the method acts at every step, and has that to report.
        """
        if not self.may_be_due(step):
            return False
        if step % self.clock.interval:
            return True
        return (self.removes(step) and not stopped) or self._density_moves(step) or has_rule

    def _density_moves(self, step: int) -> bool:
        return self.method.density != "constant" and step <= self.density_end

    def removes(self, step: int) -> bool:
        """Return whether an update at this step removes links, be it an elastic schedule's last."""
        last_cut = self.method.elastic and step == self.density_end
        return self.method.removal is not None and (step < self.last_evolving_step or last_cut)

    def regrows(self, step: int) -> bool:
        """Return whether links come at this step, be it only what percolation takes.

        A method with percolation keeps to it while its density still falls, also when nothing else
        is removed any more.
        """
        falls = self.method.percolation and self._density_moves(step)
        return self.removes(step) or (self.method.removal is not None and falls)

    def phase(self, step: int) -> Phase | None:
        """Return by what rule links regrow at a step."""
        return self.method.regrowth_at(self.clock.time(step))

    def regrowth_within(self, step: int, reach: int) -> set[str]:
        """Return the rules that may regrow links in the next ``reach`` steps, from this one on."""
        interval, end = self.clock.interval, max(self.last_evolving_step, self.density_end + 1)
        end = min(step + reach, end)
        first, last = -(-step // interval) * interval, (end - 1) // interval * interval
        known = (first, last, (self.last_evolving_step - 1) // interval * interval)
        updates = [u for u in (*known, self.density_end) if step <= u < end and self.regrows(u)]
        if not updates:
            return set()
        phases = [self.phase(min(updates)), self.phase(max(updates))]
        begins, ends = self.clock.time(min(updates)), self.clock.time(max(updates))
        between = [phase for phase in self.method.phases if begins < phase.start <= ends]
        return {phase.regrowth for phase in [*phases, *between] if phase is not None}

    def zeta(self, step: int) -> float:
        """Return the share of links that removal takes at a step."""
        if self.method.removal is None:
            return 0.0
        schedule = registry.get("zeta schedule", self.method.zeta_schedule).target
        return schedule(self._share_of_evolution(step), self.method.zeta)

    def removal_exponent(self, step: int) -> float:
        """Return the power of scores in the removal of links; infinite when deterministic."""
        if self.method.removal_softness is None:
            return float("inf")
        ramp = registry.get("softness", self.method.removal_softness).target
        return ramp(self._share_of_evolution(step), **self.method.removal_softness_options)

    def _share_of_evolution(self, step: int) -> float:
        return min(1.0, step / max(1, self.last_evolving_step))
