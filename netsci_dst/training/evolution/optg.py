"""OptG: a score for every position, trained by the straight-through gradient of the mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import registry
from .ranges import Positive, Share
from .step_hook import StepHook

if TYPE_CHECKING:
    from torch import Tensor

    from .engine import Engine
    from .layer import EvolvingLayer
    from .work import LayerUpdate


@registry.register(
    "step hook",
    "optg",
    source="Zhang et al. 2022, eq. 6 to 8",
    needs=("dense_gradient",),
    begins_denser=True,
    needs_length=True,
)
class OptG(StepHook):
    """Each layer's positions of highest score are its links; the density falls along a cubic.

    The gradient of the loss by a mask entry is, straight through the choice of the links, weight
    times gradient of the weight in use; it trains the score of every position, also of those that
    are no links, whose weights are kept. A step of learning rate η moves a score by −ηr w ∂E/∂w.

    Parameters
    ----------
    rate
        r, the scores' learning rate as a multiple of the weights'.
    start, end
        Shares of training between which the density falls.
    """

    def __init__(self, engine: Engine, rate: Positive = 1.0, start: Share = 0.0, end: Share = 0.75):
        import torch

        super().__init__(engine)
        self.rate = rate
        self.start = start
        self.end = end
        self.steps = 0
        self.scores: dict[str, Tensor] = {}
        self.theta: dict[str, Tensor] = {}
        for layer in engine.moving:
            parameter = layer.parameter
            theta = torch.zeros(parameter.n_possible).to(parameter.values)
            theta[parameter.keys] = parameter.values
            self.theta[layer.name], self.scores[layer.name] = theta, torch.zeros_like(theta)

    def before_step(self) -> None:
        """Train the scores of all positions."""
        from .rates import rate_of

        for layer in self.engine.moving:
            parameter, theta = layer.parameter, self.theta[layer.name]
            theta[parameter.keys] = parameter.values
            gradient = self.engine.averaged(parameter.dense_gradient()).reshape(-1).to(theta)
            eta = rate_of(self.engine.optimizer, parameter.weight)
            self.scores[layer.name] -= eta * self.rate * theta * gradient

    def after_step(self, step: int) -> None:
        """Count steps."""
        self.steps = step

    def progress(self, time: float) -> float:
        """Return how far the density has fallen at a share of training, along GMP's cubic."""
        u = min(1.0, max(0.0, (time - self.start) / max(1e-12, self.end - self.start)))
        return 1 - (1 - u) ** 3

    def report(self, updates: list[LayerUpdate]) -> None:
        """Make the positions of highest score the links."""
        from .absent import contains
        from .pick import top

        progress = self.progress(self.engine.clock.time(self.steps))
        for update in updates:
            layer, theta = update.of, self.theta[update.of.name]
            parameter, present = layer.parameter, layer.parameter.keys
            theta[present] = parameter.values
            count = _planned(layer, progress)
            chosen = top(self.scores[layer.name], count, None, theta.numel(), (0, 0)).sort().values
            keep, new = contains(chosen, present), chosen[~contains(present, chosen)]
            update.exchanged = new.numel()
            update.pruned = max(0, present.numel() - chosen.numel())
            parameter.rewire(keep, new, theta[new], self.engine.optimizer)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return scores and the weights of all positions."""
        tensors = {f"{name}/scores": scores for name, scores in self.scores.items()}
        return tensors | {f"{n}/theta": t for n, t in self.theta.items()}, {"steps": self.steps}

    def load(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Continue from what `state` returned."""
        for name in self.scores:
            self.scores[name] = tensors[f"{name}/scores"].clone()
            self.theta[name] = tensors[f"{name}/theta"].clone()
        self.steps: int = int(facts["steps"])


def _planned(layer: EvolvingLayer, progress: float) -> int:
    return sum(layer.planned(head, progress, 0.0)[0] for head in range(layer.heads))
