"""SRigL: as many links into every neuron, neurons without salient links are given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import registry
from .ranges import Share
from .step_hook import StepHook

if TYPE_CHECKING:
    from torch import Tensor

    from .engine import Engine
    from .layer import EvolvingLayer
    from .work import LayerUpdate


@registry.register(
    "step hook",
    "srigl",
    source="Lasby et al. 2023, section 3",
    needs=("dense_gradient",),
    uses=("zeta", "zeta_schedule", "update_end"),
)
class SRigL(StepHook):
    """RigL with a constant fan-in: every active neuron of a layer has as many incoming links.

    At an update the largest weights, ``round((1 - ζ) K)`` of a layer's K links, and the largest
    gradients elsewhere, as many as are missing, are salient. A neuron whose salient links are
    fewer than ``salient`` times its fan-in loses all its links, which go to the others in equal
    parts. Each active neuron then keeps its largest weights among the salient and grows where its
    gradient is largest. Links that a layer's K leaves over go to the neurons with most salient
    ones. New links begin at zero.

    Parameters
    ----------
    salient
        γ, the share of salient links below which a neuron is given up; 0 gives up none.
    """

    def __init__(self, engine: Engine, salient: Share = 0.3):
        super().__init__(engine)
        self.salient = salient
        self.steps = 0

    def needs_gradient(self, step: int) -> bool:
        """Return whether an update that exchanges links follows the step."""
        return step < self.engine.timetable.last_evolving_step and self.engine.due(step)

    def after_step(self, step: int) -> None:
        """Count steps."""
        self.steps = step

    def report(self, updates: list[LayerUpdate]) -> None:
        """Exchange links, neuron by neuron."""
        timetable = self.engine.timetable
        if self.steps >= timetable.last_evolving_step:
            return
        method = self.engine.method
        schedule = registry.get("zeta schedule", method.zeta_schedule).target
        zeta = schedule(self.steps / max(1, timetable.last_evolving_step), method.zeta)
        for update in updates:
            self._exchange(update, update.of, zeta)

    def _exchange(self, update: LayerUpdate, layer: EvolvingLayer, zeta: float) -> None:
        import torch

        from .absent import contains

        parameter, keys = layer.parameter, layer.parameter.keys
        gradient = self.engine.averaged(parameter.dense_gradient()).abs()
        chosen, _ = constant_fan_in(
            _matrix(parameter, keys, parameter.values.abs()), _present(parameter, keys), gradient,
            round(zeta * keys.numel()), self.salient,
        )  # fmt: skip
        after = chosen.reshape(-1).nonzero().flatten()
        keep, new = contains(after, keys), after[~contains(keys, after)]
        update.removed, update.regrown = int((~keep).sum()), new.numel()
        if new.numel():
            parameter.rewire(keep, new, torch.zeros_like(parameter.values[:1]).expand(new.numel()),
                         self.engine.optimizer)  # fmt: skip

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return the number of steps."""
        return {}, {"steps": self.steps}

    def load(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Continue from what `state` returned."""
        self.steps: int = int(facts["steps"])


def constant_fan_in(
    weight: Tensor, present: Tensor, gradient: Tensor, n_new: int, threshold: float
) -> tuple[Tensor, Tensor]:
    """Return a layer's links after an update, and which of its neurons are active.

    Parameters
    ----------
    weight, gradient
        Magnitudes, shape ``(n_source, n_target)``.
    present
        Bool, the links before.
    n_new
        How many links the update takes.
    threshold
        Share of a neuron's fan-in that must be salient.
    """
    total = int(present.sum())
    kept = _largest(weight, present, total - n_new)
    grown = _largest(gradient, ~kept, n_new)
    fan_in = present.sum(0)
    salient = (kept | grown).sum(0)
    active = (fan_in > 0) & (salient >= threshold * fan_in)
    n_source = len(weight)
    least = -(-total // n_source)  # so many neurons the links need
    if int(active.sum()) < least:
        active = active.new_zeros(active.shape)
        active[salient.topk(least).indices] = True
    wanted = _shares(total, active, salient, n_source)
    # First the neuron's own largest salient weights, then its largest gradients.
    order = (kept * (weight / weight.max().clamp_min(1e-30) + 2)).where(
        kept, gradient / gradient.max().clamp_min(1e-30)
    )
    place = order.argsort(dim=0, descending=True, stable=True).argsort(dim=0)
    return place < wanted, active


def _shares(total: int, active: Tensor, salient: Tensor, most: int) -> Tensor:
    n = int(active.sum())
    wanted = (total // n) * active.long()
    rest = total - int(wanted.sum())
    room = salient.where(active & (wanted < most), salient.new_full((), -1))
    wanted[room.topk(rest).indices] += 1
    return wanted


def _largest(score: Tensor, among: Tensor, n: int) -> Tensor:
    flat = score.where(among, score.new_full((), -1)).reshape(-1)
    chosen = among.new_zeros(flat.shape)
    chosen[flat.topk(n).indices] = True
    return chosen.reshape(score.shape)


def _present(parameter: Any, keys: Tensor) -> Tensor:
    import torch

    found = torch.zeros(parameter.n_possible, dtype=torch.bool, device=keys.device)
    found[keys] = True
    return found.reshape(parameter.n_source, parameter.n_target)


def _matrix(parameter: Any, keys: Tensor, values: Tensor) -> Tensor:
    flat = values.new_zeros(parameter.n_possible)
    flat[keys] = values
    return flat.reshape(parameter.n_source, parameter.n_target)
