"""AC/DC: dense and sparse phases of training take turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import registry
from .ranges import AboveZero, Share
from .step_hook import StepHook

if TYPE_CHECKING:
    from torch import Tensor

    from .engine import Engine
    from .layer import EvolvingLayer
    from .work import LayerUpdate


@registry.register(
    "step hook",
    "ac_dc",
    source="Peste et al. 2021, algorithm 1",
    begins_denser=True,
    needs_length=True,
)
class AcDc(StepHook):
    """Dense warm-up, sparse and dense phases of equal length, then a longer dense and sparse one.

    A sparse phase begins by keeping the largest weights of all layers together; in a dense one all
    positions are links, those that come back begin at zero, and momentum is forgotten. Phases
    change at topology updates. Lengths are shares of training; the paper's are 10, 5 and 15 of
    100 epochs. The last dense phase goes on until the last sparse one, as in the authors' program
    (IST-DASLab/ACDC: from epoch 75 to 85).

    Parameters
    ----------
    warmup
        Length of the dense warm-up.
    phase
        Length of each phase after it.
    last
        Length of the sparse phase at the end.
    """

    def __init__(
        self, engine: Engine, warmup: Share = 0.1, phase: AboveZero = 0.05, last: AboveZero = 0.15
    ):
        super().__init__(engine)
        self.warmup = warmup
        self.length = phase
        self.last = last
        self.steps = 0
        self.sparse = False
        self.wanted: int = sum(layer.final_links for layer in engine.moving)

    def is_sparse(self, time: float) -> bool:
        """Return whether the phase at a share of training is a sparse one."""
        time += 1e-9
        if time >= 1 - self.last:
            return True
        if time < self.warmup or time >= 1 - self.last - self.length:
            return False
        return int((time - self.warmup) / self.length) % 2 == 0

    def after_step(self, step: int) -> None:
        """Count steps."""
        self.steps = step

    def report(self, updates: list[LayerUpdate]) -> None:
        """Begin another phase when it is time."""
        wanted = self.is_sparse(self.engine.clock.time(self.steps))
        if wanted == self.sparse:
            return
        self.sparse = wanted
        if wanted:
            self._compress(updates)
        else:
            self._decompress(updates)

    def _compress(self, updates: list[LayerUpdate]) -> None:
        import torch

        weights = [update.of.parameter.values.abs() for update in updates]
        for magnitudes in weights:  # a layer never loses its last link
            magnitudes[magnitudes.argmax()] = float("inf")
        merged = torch.cat(weights)
        chosen = torch.zeros_like(merged, dtype=torch.bool)
        chosen[merged.topk(min(self.wanted, merged.numel())).indices] = True
        for update, keep in zip(updates, chosen.split([one.numel() for one in weights])):
            parameter = update.of.parameter
            update.pruned = int((~keep).sum())
            parameter.rewire(keep, parameter.keys[:0], parameter.values[:0], self.engine.optimizer)

    def _decompress(self, updates: list[LayerUpdate]) -> None:
        import torch

        for update in updates:
            parameter = update.of.parameter
            keys = parameter.keys
            absent = torch.ones(parameter.n_possible, dtype=torch.bool, device=keys.device)
            absent[keys] = False
            new = absent.nonzero().flatten()
            keep = torch.ones(parameter.n_links, dtype=torch.bool, device=new.device)
            update.regrown = new.numel()
            weights = parameter.values.new_zeros(new.numel())
            parameter.rewire(keep, new, weights, self.engine.optimizer)
            self._forget(update.of)

    def _forget(self, layer: EvolvingLayer) -> None:
        """Set what the optimizer remembers of the weights to zero."""
        optimizers: Any = self.engine.optimizer
        weight = layer.parameter.weight
        for optimizer in [optimizers] if hasattr(optimizers, "state") else optimizers or []:
            for value in optimizer.state.get(weight, {}).values():
                if hasattr(value, "shape") and value.shape == weight.shape:
                    value.zero_()

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return which phase it is."""
        return {}, {"sparse": self.sparse, "steps": self.steps}

    def load(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Continue from what `state` returned."""
        self.sparse: bool = bool(facts["sparse"])
        self.steps: int = int(facts["steps"])
