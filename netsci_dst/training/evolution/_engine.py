"""The topology update, written once (CHT fig. A3, CHTss fig. 1).

For each layer: density step, removal, percolation, regrowth, new weights; then the statistics. The
parts are looked up by name and none is known here.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from ... import registry
from ...errors import FormatError
from ._choose import absent, contains, sample_k, top_k
from ._clock import Clock
from ._layer import Draft, EvolvingLayer
from ._memory import LinkMemory
from ._percolation import Ends, Network
from ._statistics import rows_of
from .softness import exponent_of

if TYPE_CHECKING:
    from ...topology import Topology
    from ..methods import MethodOptions, Phase
    from ..wiring import Wiring


class Change(NamedTuple):
    """What an update does to one layer: links to keep, and links to add with their weights."""

    keep: Tensor
    keys: Tensor
    values: Tensor


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
        self._remembers = self._needs_history()
        for each in self.layers:
            each.memory = LinkMemory(
                each.layer.keys, each.layer.values if self._remembers else None
            )
        self._beta = self._momentum_coefficient()
        rule = method.step_rule
        self.rule = (
            registry.get("step rule", rule).target(self, **method.step_rule_options)
            if rule and self.layers
            else None
        )

    # --- when ---------------------------------------------------------------------------------

    @property
    def last_evolving_step(self) -> int:
        """Steps from this one on neither remove nor regrow."""
        return min(self.clock.step_of(self.method.update_end), self.clock.total_steps)

    def due(self, step: int) -> bool:
        """Return whether the topology is updated after a step."""
        if not self.layers or not self.method.evolves or not 0 < step < self.clock.total_steps:
            return False
        if step % self.clock.interval == 0:
            if step < self.last_evolving_step and not self._all_stopped:
                return (
                    self.method.removal is not None or self._density_moves(step) or bool(self.rule)
                )
            return self._density_moves(step) or bool(self.rule)
        return step == self._density_end

    @property
    def _all_stopped(self) -> bool:
        return all(all(each.stopped) for each in self.layers)

    @property
    def _density_end(self) -> int:
        # The schedule must arrive even where no regular update falls on or after its end.
        if self.method.density == "constant":
            return 0
        schedule = registry.get("density schedule", self.method.density).target
        default = inspect.signature(schedule).parameters.get("end")
        end = self.method.density_options.get("end", default.default if default else 1.0)
        return min(self.clock.step_of(end), self.clock.total_steps - 1)

    def _density_moves(self, step: int) -> bool:
        return self.method.density != "constant" and step <= self._density_end

    def _phase(self, step: int) -> Phase | None:
        return self.method.regrowth_at(self.clock.time(step))

    # --- around each step ---------------------------------------------------------------------

    def begin(self, step: int) -> None:
        """Prepare for a step: ask layers to keep what gradients of absent links need."""
        wanted = self._beta is not None or self._wants_gradient(step)
        for each in self.layers:
            if wanted or each.layer.capture:
                each.layer.capture = wanted

    def before_step(self) -> None:
        """Act between the backward pass and the optimizer."""
        if self._beta is not None:
            for each in self.layers:
                gradient = self._averaged(each.layer.dense_gradient())
                if each.momentum is None:
                    each.momentum = torch.zeros_like(gradient)
                each.momentum.mul_(self._beta).add_(gradient, alpha=1 - self._beta)
        if self.rule is not None:
            self.rule.before_step()

    def after_step(self, step: int) -> None:
        """Act after the optimizer."""
        if self.rule is not None:
            self.rule.after_step(step)

    def _wants_gradient(self, step: int) -> bool:
        if not self.due(step) or step >= self.last_evolving_step:
            return False
        phase = self._phase(step)
        return phase is not None and "dense_gradient" in _needs("regrowth", phase.regrowth)

    def _averaged(self, tensor: Tensor) -> Tensor:
        return tensor if self.average is None else self.average(tensor)

    # --- the update ---------------------------------------------------------------------------

    @torch.no_grad()
    def update(self, step: int) -> list[dict[str, Any]]:
        """Update the topology after a step; return a row of statistics per layer and for all."""
        begun = time.perf_counter()
        for each in self.layers:
            each.memory.remember(each.layer.keys, each.layer.values)
        evolving = step < self.last_evolving_step
        drafts = [
            Draft(each, head, self.generator) for each in self.layers for head in range(each.heads)
        ]
        for draft in drafts:
            self._offer_gradients(draft)
        zeta = self._zeta(step) if evolving else 0.0
        self._density_step(drafts, step, evolving)
        if evolving and self.method.removal is not None:
            self._remove(drafts, step, zeta)
            if self.method.percolation:
                self._percolate(drafts)
            self._regrow(drafts, step)
        self._apply(drafts)
        if self.rule is not None:
            self.rule.report(drafts)
        for each in self.layers:
            each.layer.release()
        if evolving:
            self._stop_early(drafts)
        seconds = time.perf_counter() - begun
        return rows_of(self, drafts, step, zeta, seconds)

    def _offer_gradients(self, draft: Draft) -> None:
        each = draft.of
        if each.layer.capture:
            draft.links.dense_gradient = lambda: draft.dense(
                self._averaged(each.layer.dense_gradient())
            )
        if each.momentum is not None:
            draft.links.momentum = lambda: draft.dense(each.momentum)

    def _zeta(self, step: int) -> float:
        if self.method.removal is None:
            return 0.0
        schedule = registry.get("zeta schedule", self.method.zeta_schedule).target
        return schedule(self._share_of_evolution(step), self.method.zeta)

    def _share_of_evolution(self, step: int) -> float:
        return min(1.0, step / max(1, self.last_evolving_step))

    # density ----------------------------------------------------------------------------------

    def _density_step(self, drafts: list[Draft], step: int, evolving: bool) -> None:
        if self.method.density == "constant":
            return
        schedule = registry.get("density schedule", self.method.density).target
        plan = schedule(self.clock.time(step), **self.method.density_options)
        for draft in drafts:
            if draft.stopped:
                continue
            base, full = draft.of.planned(draft.head, plan.progress, plan.surplus)
            draft.target = full
            draft.elastic_base = base if plan.elastic and evolving else None
            if draft.elastic_base is not None:
                continue
            if self.method.density_recall:
                self._recall(draft, full)
            elif full < draft.links.n_links:
                score = self._score(draft, self.method.density_criterion, {})
                kept = top_k(score, full, self.generator)
                draft.links.keep = _mask(kept, draft.links.keep)
            draft.pruned = draft.links.n_links - draft.links.n_kept
            draft.after_density = draft.links.keep.clone()

    def _recall(self, draft: Draft, n: int) -> None:
        """Keep the links of largest last weight among all that ever were (GMP)."""
        memory = draft.of.memory
        known, values = memory.keys, memory.values
        assert values is not None
        if draft.of.heads > 1:
            own = (known % draft.of.layer.n_target) // draft.of.width == draft.head
            known, values = known[own], values[own]
        best = top_k(values.abs(), n, self.generator)
        chosen = draft.to_local(known[best])
        links = draft.links
        links.keep = contains(chosen, links.keys)
        back = ~contains(links.keys, chosen)
        draft.new_keys, draft.new_values = chosen[back], values[best][back].to(links.values)

    # removal ----------------------------------------------------------------------------------

    def _remove(self, drafts: list[Draft], step: int, zeta: float) -> None:
        name = self.method.removal
        assert name is not None
        entry = registry.get("removal", name)
        moving = [draft for draft in drafts if not draft.stopped]
        counts = [self._n_remove(draft, zeta) for draft in moving]
        if entry.metadata.get("scope") == "network":
            before = [draft.links.n_kept for draft in moving]
            entry.target(
                [draft.links for draft in moving],
                self.removal_state,
                sum(counts),
                **self.method.removal_options,
            )
            for draft, n in zip(moving, before):
                draft.removed = n - draft.links.n_kept
            return
        exponent = self._exponent(step)
        for draft, n in zip(moving, counts):
            begun = time.perf_counter()
            score = self._score(draft, name, self.method.removal_options)
            alive = draft.links.keep.nonzero().flatten()
            kept = sample_k(score[alive], alive.numel() - n, exponent, self.generator)
            draft.links.keep = _mask(alive[kept], draft.links.keep)
            draft.removed = n
            draft.seconds += time.perf_counter() - begun

    @staticmethod
    def _n_remove(draft: Draft, zeta: float) -> int:
        alive = draft.links.n_kept
        base = draft.elastic_base
        return round(zeta * alive) if base is None else max(0, alive - base)

    def _exponent(self, step: int) -> float:
        if self.method.removal_softness is None:
            return float("inf")
        ramp = registry.get("softness", self.method.removal_softness).target
        return ramp(self._share_of_evolution(step), **self.method.removal_softness_options)

    def _score(self, draft: Draft, name: str, options: Mapping[str, Any]) -> Tensor:
        return registry.get("removal", name).target(draft.links, **options)

    # percolation ------------------------------------------------------------------------------

    def _percolate(self, drafts: list[Draft]) -> None:
        ends = self._ends(drafts)
        self.network.percolate(ends)
        for draft in drafts:
            keep = ends[draft.of.name].keep
            keep = keep if draft.where is None else keep[draft.where]
            if not draft.stopped:
                draft.percolated = draft.links.n_kept - int(keep.sum())
                draft.links.keep = keep.clone()

    def _ends(self, drafts: list[Draft]) -> dict[str, Ends]:
        ends: dict[str, Ends] = {}
        for draft in drafts:
            each = draft.of
            if each.name not in ends:
                u, v = each.layer.endpoints(None, each.grid)
                ends[each.name] = Ends(u, v, torch.ones_like(u, dtype=torch.bool))
            end = ends[each.name]
            if draft.where is None:
                end.keep = draft.links.keep.clone()
            else:
                end.keep[draft.where] = draft.links.keep
            end.frozen = all(each.stopped)
        return ends

    # regrowth ---------------------------------------------------------------------------------

    def _regrow(self, drafts: list[Draft], step: int) -> None:
        phase = self._phase(step)
        assert phase is not None
        ends: dict[str, Ends] | None = None
        for draft, n in self._wanted(drafts):
            if n <= 0:
                continue
            begun = time.perf_counter()
            rule = registry.get("regrowth", phase.regrowth).target
            links = draft.links
            keys = rule(links, n, exponent_of(phase.delta), **phase.options)
            if keys.numel() < n:
                ends = ends or self._ends(drafts)
                keys = self._fill(draft, keys, n, ends)
            draft.new_keys = keys.sort().values
            make = registry.get("new weights", self.method.new_weights).target
            options = self.method.new_weights_options
            draft.new_values = make(links, draft.new_keys, links.n_kept + n, **options)
            taken = draft.after_density & ~links.keep
            draft.overlap = int(contains(draft.new_keys, links.keys[taken]).sum())
            draft.seconds += time.perf_counter() - begun

    def _wanted(self, drafts: list[Draft]) -> list[tuple[Draft, int]]:
        moving = [draft for draft in drafts if not draft.stopped]
        if self.method.regrowth_scope == "layer":
            return [(draft, draft.target - draft.links.n_kept) for draft in moving]
        total = sum(draft.target - draft.links.n_kept for draft in moving)
        return list(zip(moving, _share_by_survivors([d.links for d in moving], total)))

    def _fill(self, draft: Draft, keys: Tensor, n: int, ends: dict[str, Ends]) -> Tensor:
        """Add uniform draws: from absent links between active neurons, then from any."""
        links = draft.links
        shape = (links.n_source, links.n_target)
        for among in (self._active_positions(draft, ends), (None, None)):
            missing = n - keys.numel()
            if missing > 0:
                present = torch.cat([links.kept_keys, keys]).sort().values
                keys = torch.cat([keys, absent(missing, present, shape, self.generator, *among)])
        return keys

    def _active_positions(self, draft: Draft, ends: dict[str, Ends]) -> tuple[Tensor, Tensor]:
        source, target = self.wiring.layers[draft.of.name]
        by_name = {population.name: population for population in self.network.populations}
        found = []
        for population, neurons in zip((source, target), draft.of.neurons_of_positions()):
            idle = self.network.inactive(by_name[population], ends)
            active = torch.ones_like(neurons, dtype=torch.bool) if idle is None else ~idle[neurons]
            found.append(active)
        low = draft.head * draft.of.width
        found[1] = found[1][low : low + draft.of.width]
        return found[0].nonzero().flatten(), found[1].nonzero().flatten()

    # the end ----------------------------------------------------------------------------------

    def _apply(self, drafts: list[Draft]) -> None:
        changes = _changes(drafts)
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

    def _stop_early(self, drafts: list[Draft]) -> None:
        threshold = self.method.early_stop
        for draft in drafts:
            regrown = draft.new_keys.numel()
            if threshold is not None and regrown and draft.overlap / regrown > threshold:
                draft.of.stopped[draft.head] = True

    def visible_links(self, each: EvolvingLayer) -> int:
        """Return the number of links that take part in the forward pass."""
        hidden = None if self.rule is None else self.rule.hidden(each)
        return each.layer.n_links - (0 if hidden is None else int(hidden.sum()))

    @torch.no_grad()
    def topology(self, model: torch.nn.Module) -> Topology:
        """Return the model's topology, without links that take no part in the forward pass."""
        aside = {}
        for each in self.layers:
            hidden = None if self.rule is None else self.rule.hidden(each)
            if hidden is not None:
                layer = each.layer
                aside[each.name] = keys, values = layer.keys, layer.values
                layer.set_links(keys[~hidden], values[~hidden])
        try:
            return self.wiring.topology(model)
        finally:
            for each in self.layers:
                if each.name in aside:
                    each.layer.set_links(*aside[each.name])

    # --- what the method needs ----------------------------------------------------------------

    def _needs_history(self) -> bool:
        method = self.method
        return method.density_recall or "history" in _needs("new weights", method.new_weights)

    def _momentum_coefficient(self) -> float | None:
        """Return β of the smoothed gradient, or None when no phase regrows by it."""
        method = self.method
        rules = [(method.regrowth, method.regrowth_options)]
        rules += [(phase.regrowth, phase.options) for phase in method.phases]
        for name, options in rules:
            if name is not None and "momentum" in _needs("regrowth", name):
                signature = inspect.signature(registry.get("regrowth", name).target)
                return options.get("beta", signature.parameters["beta"].default)
        return None

    # --- state --------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return tensors and JSON-compatible facts from which `load` continues bit for bit."""
        tensors = {"generator": self.generator.get_state()}
        for each in self.layers:
            tensors[f"{each.name}/memory/keys"] = each.memory.keys
            if each.memory.values is not None:
                tensors[f"{each.name}/memory/values"] = each.memory.values
            if each.momentum is not None:
                tensors[f"{each.name}/momentum"] = each.momentum
        facts: dict[str, Any] = {
            "stopped": {each.name: each.stopped for each in self.layers},
            "bounds": {each.name: each.bounds for each in self.layers},
            "removal": self.removal_state,
        }
        if self.rule is not None:
            more, facts["rule"] = self.rule.state()
            tensors |= {f"rule/{name}": tensor for name, tensor in more.items()}
        return tensors, facts

    def load(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Continue from what `state` returned.

        Raises
        ------
        FormatError
            If the state is not of these layers.
        """
        try:
            self.generator.set_state(tensors["generator"].cpu())
            for each in self.layers:
                keys = tensors[f"{each.name}/memory/keys"]
                each.memory = LinkMemory(keys, tensors.get(f"{each.name}/memory/values"))
                momentum = tensors.get(f"{each.name}/momentum")
                each.momentum = None if momentum is None else momentum.clone()
                each.stopped = list(facts["stopped"][each.name])
                each.bounds = [tuple(pair) for pair in facts["bounds"][each.name]]
            self.removal_state = dict(facts["removal"])
            if self.rule is not None:
                own = {k[5:]: v for k, v in tensors.items() if k.startswith("rule/")}
                self.rule.load(own, facts["rule"])
        except (KeyError, TypeError, RuntimeError) as error:
            raise FormatError(f"the checkpoint does not fit this model: {error}") from error


def _needs(kind: str, name: str) -> tuple[str, ...]:
    return tuple(registry.get(kind, name).metadata.get("needs", ()))


def _mask(indices: Tensor, like: Tensor) -> Tensor:
    mask = torch.zeros_like(like)
    mask[indices] = True
    return mask


def _changes(drafts: list[Draft]) -> dict[str, Change]:
    changes: dict[str, Change] = {}
    for draft in drafts:
        name, keys = draft.of.name, draft.to_layer(draft.new_keys)
        if draft.where is None:
            changes[name] = Change(draft.links.keep, keys, draft.new_values)
            continue
        if name not in changes:
            nothing = (keys.new_empty(0), draft.new_values.new_empty(0))
            everything = torch.ones(draft.of.layer.n_links, dtype=torch.bool, device=keys.device)
            changes[name] = Change(everything, *nothing)
        keep, others, values = changes[name]
        keep[draft.where] = draft.links.keep
        changes[name] = Change(
            keep, torch.cat([others, keys]), torch.cat([values, draft.new_values])
        )
    return changes


def _share_by_survivors(links: list[Any], total: int) -> list[int]:
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
