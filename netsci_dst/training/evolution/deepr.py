"""Deep rewiring: links keep a sign and walk at random; those that cross zero are replaced."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ... import registry
from ..optimizer_state import as_list
from .ranges import NotNegative
from .step_hook import StepHook

if TYPE_CHECKING:
    from torch import Tensor

    from .engine import Engine
    from .layer import EvolvingLayer
    from .work import LayerUpdate


@registry.register("step hook", "deepr", source="Bellec et al. 2017, algorithm 1")
class DeepR(StepHook):
    """L1 pull and noise after each step; a link whose sign flips goes dormant, another wakes.

    Parameters
    ----------
    l1
        α: a step of learning rate η pulls each parameter by ηα towards zero.
    temperature
        T: the noise has standard deviation √(2ηT); ηα²/18 as in the paper when left out.
    """

    def __init__(
        self, engine: Engine, l1: NotNegative = 1e-4, temperature: NotNegative | None = None
    ):
        super().__init__(engine)
        self.l1 = l1
        self.temperature = temperature
        self.signs = {layer.name: _signs(layer.parameter.values) for layer in engine.moving}
        self.counts = {layer.name: [0, 0] for layer in engine.moving}

    def after_step(self, step: int) -> None:
        """Pull, shake, and replace the links that crossed zero."""
        import torch

        optimizer = self.engine.optimizer
        assert optimizer is not None
        rate = float(as_list(optimizer)[0].param_groups[0]["lr"])
        t = rate * self.l1**2 / 18 if self.temperature is None else self.temperature
        with torch.no_grad():
            for layer in self.engine.moving:
                values, signs = layer.parameter.values, self.signs[layer.name]
                noise = torch.empty_like(values).normal_(generator=self.engine.generator)
                values -= rate * self.l1 * signs
                values += math.sqrt(2 * rate * t) * noise
                layer.parameter.set_values(values)
                dormant = values * signs < 0
                if bool(dormant.any()):
                    self._replace(layer, dormant, step)

    def _replace(self, layer: EvolvingLayer, dormant: Tensor, step: int) -> None:
        import torch

        from . import draws as draw
        from .absent import absent, contains
        from .link_change import Change

        parameter, generator = layer.parameter, self.engine.generator
        keys, n = parameter.keys, int(dormant.sum())
        pair = draw.Draws(self.engine.seed, step).pair(layer.index, 0, draw.HOOK)
        new = absent(n, keys[~dormant], (parameter.n_source, parameter.n_target), pair)
        signs = torch.randint(2, (n,), generator=generator, device=generator.device)
        signs = (signs * 2 - 1).to(self.signs[layer.name])
        order = torch.cat([keys[~dormant], new]).argsort()
        gone = keys[dormant]
        self.counts[layer.name][0] += n
        self.counts[layer.name][1] += int(contains(gone, new).sum())
        self.engine.exchange(layer, Change(~dormant, new, parameter.values.new_zeros(n)))
        self.signs[layer.name] = torch.cat([self.signs[layer.name][~dormant], signs])[order]

    def report(self, updates: list[LayerUpdate]) -> None:
        """Report the replacements since the last report."""
        for update in updates:
            update.exchanged, update.exchanged_back = self.counts[update.of.name]
            self.counts[update.of.name] = [0, 0]

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return the signs and what was not yet reported."""
        return dict(self.signs), {"counts": self.counts}

    def load(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Continue from what `state` returned."""
        self.signs: dict[str, Any] = {name: tensors[name].clone() for name in self.signs}
        self.counts: dict[str, list[int]] = {
            name: list(facts["counts"][name]) for name in self.signs
        }


def _signs(values: Tensor) -> Tensor:
    import torch

    return torch.where(values < 0, -torch.ones_like(values), torch.ones_like(values))
