"""OptG: a score for every position, trained by the straight-through gradient of the mask."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from ... import registry
from .ranges import BelowOne, Positive, Share
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
    """The positions of highest score are the links; the density falls.

    The gradient of the loss by a mask entry is, straight through the choice of the links, weight
    times gradient of the weight in use; it trains the score of every position, also of those that
    are no links, whose weights are kept. A step of learning rate η moves a score by −ηr w ∂E/∂w.

    Parameters
    ----------
    rate
        r, the scores' learning rate as a multiple of the weights'.
    start, end
        Shares of training between which the density falls.
    schedule
        ``cubic``, or ``sigmoid`` about the middle of training, whatever start and end are, as in
        the authors' program (zyxxmu/OptG); there the scores' rate rises with it.
    steepness
        Of the sigmoid, over the whole of training; the program's is 1 in each of its 100 epochs.
    together
        Whether the scores of all layers are compared with each other, as the program does.
    momentum
        Of the scores; the program's is 0.9.
    """

    def __init__(
        self,
        engine: Engine,
        rate: Positive = 1.0,
        start: Share = 0.0,
        end: Share = 0.75,
        schedule: Literal["cubic", "sigmoid"] = "cubic",
        steepness: Positive = 100.0,
        together: bool = False,
        momentum: BelowOne = 0.0,
    ):
        import torch

        super().__init__(engine)
        self.rate = rate
        self.start = start
        self.end = end
        self.schedule = schedule
        self.steepness = steepness
        self.together = together
        self.momentum = momentum
        self.steps = 0
        self.scores: dict[str, Tensor] = {}
        self.speeds: dict[str, Tensor] = {}
        self.theta: dict[str, Tensor] = {}
        for layer in engine.moving:
            parameter = layer.parameter
            theta = torch.zeros(parameter.n_possible).to(parameter.values)
            theta[parameter.keys] = parameter.values
            self.theta[layer.name], self.scores[layer.name] = theta, torch.zeros_like(theta)
            if momentum:
                self.speeds[layer.name] = torch.zeros_like(theta)

    def before_step(self) -> None:
        """Train the scores of all positions."""
        from .rates import rate_of

        time = self.engine.clock.time(self.steps)
        risen = self.progress(time) if self.schedule == "sigmoid" else 1.0
        for layer in self.engine.moving:
            parameter, theta = layer.parameter, self.theta[layer.name]
            theta[parameter.keys] = parameter.values
            gradient = self.engine.averaged(parameter.dense_gradient()).reshape(-1).to(theta)
            eta = self.rate * risen * rate_of(self.engine.optimizer, parameter.weight)
            move = theta * gradient
            if self.momentum:
                move = self.speeds[layer.name].mul_(self.momentum).add_(move)
            self.scores[layer.name] -= eta * move

    def after_step(self, step: int) -> None:
        """Count steps."""
        self.steps = step

    def progress(self, time: float) -> float:
        """Return how far the density has fallen at a share of training."""
        if self.schedule == "sigmoid":
            return 1 / (1 + math.exp(-self.steepness * (time - 0.5)))
        u = min(1.0, max(0.0, (time - self.start) / max(1e-12, self.end - self.start)))
        return 1 - (1 - u) ** 3

    def report(self, updates: list[LayerUpdate]) -> None:
        """Make the positions of highest score the links."""
        from .absent import contains

        progress = self.progress(self.engine.clock.time(self.steps))
        for update, chosen in zip(updates, self._chosen(updates, progress)):
            theta, parameter = self.theta[update.of.name], update.of.parameter
            present = parameter.keys
            theta[present] = parameter.values
            keep, new = contains(chosen, present), chosen[~contains(present, chosen)]
            update.exchanged = new.numel()
            update.pruned = max(0, present.numel() - chosen.numel())
            parameter.rewire(keep, new, theta[new], self.engine.optimizer)

    def _chosen(self, updates: list[LayerUpdate], progress: float) -> list[Tensor]:
        """Return the positions that become links, for each layer."""
        import torch

        from .pick import top

        scores = [self.scores[update.of.name] for update in updates]
        counts = [_planned(update.of, progress) for update in updates]
        if not self.together:
            kept = [top(one, n, None, one.numel(), (0, 0)) for one, n in zip(scores, counts)]
            return [one.sort().values for one in kept]
        merged = torch.cat(scores)
        best = [one.argmax() for one in scores]  # a layer never loses its last link
        sizes = [one.numel() for one in scores]
        first = [sum(sizes[:i]) for i in range(len(sizes))]
        merged[torch.stack([b + f for b, f in zip(best, first)])] = float("inf")
        mask = torch.zeros_like(merged, dtype=torch.bool)
        mask[top(merged, sum(counts), None, merged.numel(), (0, 0))] = True
        return [part.nonzero().flatten() for part in mask.split(sizes)]

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return scores and the weights of all positions."""
        tensors = {f"{name}/scores": scores for name, scores in self.scores.items()}
        tensors |= {f"{name}/speeds": speeds for name, speeds in self.speeds.items()}
        return tensors | {f"{n}/theta": t for n, t in self.theta.items()}, {"steps": self.steps}

    def load(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Continue from what `state` returned."""
        for name in self.scores:
            self.scores[name] = tensors[f"{name}/scores"].clone()
            self.theta[name] = tensors[f"{name}/theta"].clone()
            if self.momentum:
                self.speeds[name] = tensors[f"{name}/speeds"].clone()
        self.steps: int = int(facts["steps"])


def _planned(layer: EvolvingLayer, progress: float) -> int:
    return sum(layer.planned(head, progress, 0.0)[0] for head in range(layer.heads))
