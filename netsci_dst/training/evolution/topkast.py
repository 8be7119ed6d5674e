"""Top-KAST: forward through the largest weights, gradients to a larger set of them."""

from __future__ import annotations

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


@registry.register(
    "step hook", "topkast", source="Jayakumar et al. 2020, section 2", draws_weights=True
)
class TopKast(StepHook):
    """Links are the top D+M of all weights; those outside the top D are zero in the forward pass.

    All weights are remembered from the beginning: the initial links are the largest of those that
    the model has, or that its rule for initial weights draws. The larger set is chosen anew at
    topology updates, the smaller one after every step from within it. Only the smaller one counts
    as active (ITOP).

    Parameters
    ----------
    margin
        M as a multiple of D.
    l2
        Strength of the pull on weights of the margin, divided by the density D; the optimizer's
        weight decay when left out.
    """

    def __init__(self, engine: Engine, margin: NotNegative = 1.0, l2: NotNegative | None = None):
        from .memory import LinkMemory

        super().__init__(engine)
        self.l2 = l2
        self.forward: dict[str, int] = {}
        self.backward: dict[str, int] = {}
        self.theta: dict[str, Tensor] = {}
        self.aside: dict[str, tuple[Tensor, Tensor]] = {}
        for layer in engine.moving:
            n, possible = layer.parameter.n_links, layer.parameter.n_possible
            self.forward[layer.name] = n
            self.backward[layer.name] = min(possible, n + round(margin * n))
            values = layer.parameter.values
            theta, layer.all_weights = layer.all_weights, None
            theta = values.new_zeros(possible) if theta is None else theta.to(values)
            theta[layer.parameter.keys] = values
            self.theta[layer.name] = theta
            keys = self._largest(theta.abs(), self.backward[layer.name])
            layer.parameter.set_links(keys, theta[keys])
            layer.memory = LinkMemory(keys[:0], None)
            self._hide(layer)

    def before_step(self) -> None:
        """Bring back the margin's weights and pull them towards zero."""
        optimizer = self.engine.optimizer
        decay = (
            float(as_list(optimizer)[0].param_groups[0].get("weight_decay", 0.0))
            if optimizer
            else 0.0
        )
        for layer in self.engine.moving:
            margin, weights = self.aside[layer.name]
            values = layer.parameter.values
            values[margin] = weights
            density = self.forward[layer.name] / layer.parameter.n_possible
            pull = (decay if self.l2 is None else self.l2) / density - decay
            self._add_gradient(layer, margin, pull * weights)
            layer.parameter.set_values(values)

    def _add_gradient(self, layer: EvolvingLayer, margin: Tensor, pull: Tensor) -> None:
        extra = layer.parameter.values.new_zeros(margin.shape)
        extra[margin] = pull
        layer.parameter.add_gradient(extra)

    def after_step(self, step: int) -> None:
        """Put the weights outside the top D aside until the next step."""
        for layer in self.engine.moving:
            self.theta[layer.name][layer.parameter.keys] = layer.parameter.values
            self._hide(layer)

    def report(self, updates: list[LayerUpdate]) -> None:
        """Choose the larger set anew among all weights."""
        from .absent import contains

        for update in updates:
            layer, theta = update.of, self.theta[update.of.name]
            chosen = self._largest(theta.abs(), self.backward[layer.name])
            present = layer.parameter.keys
            keep, new = contains(chosen, present), chosen[~contains(present, chosen)]
            update.exchanged = new.numel()
            if new.numel():
                layer.parameter.rewire(keep, new, theta[new], self.engine.optimizer)
            layer.parameter.set_values(theta[layer.parameter.keys])
            self._hide(layer)

    def _hide(self, layer: EvolvingLayer) -> None:
        import torch

        values = layer.parameter.values
        inside = self._largest(values.abs(), self.forward[layer.name])
        margin = torch.ones_like(values, dtype=torch.bool)
        margin[inside] = False
        self.aside[layer.name] = (margin, values[margin])
        values[margin] = 0
        layer.parameter.set_values(values)
        layer.memory.remember(layer.parameter.keys[inside], values[inside])

    def _largest(self, magnitude: Tensor, k: int) -> Tensor:
        from .pick import top

        # Weights that were drawn from a normal distribution hardly ever tie.
        return top(magnitude, k, None, magnitude.numel(), (0, 0))

    def hidden(self, layer: EvolvingLayer) -> Tensor | None:
        """Return the margin."""
        return self.aside[layer.name][0]

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return all weights and the margin."""
        tensors: dict[str, Tensor] = {}
        for name, (margin, weights) in self.aside.items():
            tensors |= {f"{name}/margin": margin, f"{name}/aside": weights}
            tensors[f"{name}/theta"] = self.theta[name]
        return tensors, {"forward": self.forward, "backward": self.backward}

    def load(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Continue from what `state` returned."""
        for name in self.aside:
            self.aside[name] = (tensors[f"{name}/margin"].bool(), tensors[f"{name}/aside"])
            self.theta[name] = tensors[f"{name}/theta"].clone()
        self.forward, self.backward = dict(facts["forward"]), dict(facts["backward"])
