"""What has to be recorded between updates: gradients of absent links, and their running mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from .needs import momentum_coefficient, needs, steps_remembered

if TYPE_CHECKING:
    from .engine import Engine


class Captures:
    """Asks layers to keep gradients in the steps that need them, and no others.

    Attributes
    ----------
    smooths
        Whether in this step the gradient of every position is added to its running mean.
    """

    def __init__(self, engine: Engine):
        self.engine = engine
        self.beta: float | None = momentum_coefficient(engine.method)
        self.reach = 0
        if self.beta is not None and engine.layers:
            self.reach: int = steps_remembered(self.beta, engine.layers[0].parameter.weight.dtype)
        self.smooths = False
        rules = [phase.regrowth for phase in engine.method.all_phases()]
        asked = {need for rule in rules for need in needs("regrowth", rule)}
        self._ever: bool = bool(engine.method.step_hook or asked & {"momentum", "dense_gradient"})

    def begin(self, step: int) -> None:
        """Ask layers to keep what gradients of absent links need in this step."""
        if not self._ever:
            return
        engine = self.engine
        self.smooths: bool = self._regrows_by("momentum", step, self.reach)
        wanted = self.smooths or self._regrows_by("dense_gradient", step, 1)
        if engine.rule is not None:
            hook = engine.method.step_hook or ""
            by_hook = "dense_gradient" in needs("step hook", hook)
            wanted = wanted or (by_hook and engine.rule.needs_gradient(step))
        for layer in engine.moving:
            if not self.smooths:
                layer.momentum = None
            if wanted or layer.parameter.capture:
                layer.parameter.capture = wanted

    def smooth(self) -> None:
        """Add the gradients of this step to their running mean, where it is wanted."""
        if not self.smooths:
            return
        self.fill_unreached()
        momenta, gradients = [], []
        for layer in self.engine.moving:
            gradients.append(self.engine.averaged(layer.parameter.dense_gradient()))
            if layer.momentum is None:
                layer.momentum = torch.zeros_like(gradients[-1])
            momenta.append(layer.momentum)
        torch._foreach_lerp_(momenta, gradients, 1 - (self.beta or 0.0))  # type: ignore[attr-defined]

    def fill_unreached(self) -> None:
        """Take the gradient as zero where the loss does not depend on a layer but on others."""
        layers = self.engine.moving
        reached = [layer.parameter.weight.grad is not None for layer in layers]
        captured = any(layer.parameter.captured for layer in layers)
        for layer, has_gradient in zip(layers, reached):
            layer.unreached = not has_gradient and any(reached)
            if captured and layer.parameter.capture and not layer.parameter.captured:
                layer.parameter.capture_nothing()

    def release(self) -> None:
        """Free what was kept."""
        for layer in self.engine.moving:
            layer.parameter.release()

    def _regrows_by(self, need: str, step: int, reach: int) -> bool:
        """Return whether in the next steps links regrow by a rule that has this need."""
        rules = self.engine.timetable.regrowth_within(step, reach)
        return any(need in needs("regrowth", rule) for rule in rules) and not self.engine.stopped
