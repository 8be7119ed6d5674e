"""Powerpropagation: weights are powers of what is trained, so that small ones stay small."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ... import registry
from .step_hook import StepHook

if TYPE_CHECKING:
    from torch import Tensor

    from .engine import Engine

AboveOne = Annotated[float, Field(gt=1)]


@registry.register(
    "step hook", "powerprop", source="Schwarz et al. 2021, eq. 1 and 2", moves_links=False
)
class Powerprop(StepHook):
    """The optimizer trains θ, the forward pass uses w = θ|θ|^(α-1).

    Between steps the parameter holds w, from which θ = sign(w) |w|^(1/α) follows; so the weights
    begin with the distribution they would have had, and nothing is kept beside them. Momentum and
    weight decay are those of θ.

    Parameters
    ----------
    alpha
        α; 1 would be ordinary training, 2 to 4 in the paper.
    """

    def __init__(self, engine: Engine, alpha: AboveOne = 4.0):
        super().__init__(engine)
        self.alpha = alpha

    def before_step(self) -> None:
        """Give the optimizer θ and the gradient by it: α|θ|^(α-1) ∂E/∂w."""
        for layer in self.engine.moving:
            parameter = layer.parameter
            if parameter.weight.grad is None:
                continue
            theta = _power(parameter.values, 1 / self.alpha)
            slope = self.alpha * theta.abs() ** (self.alpha - 1)
            parameter.add_gradient(parameter.gradients * (slope - 1))
            parameter.set_values(theta)

    def after_step(self, step: int) -> None:
        """Put w in the place of θ."""
        for layer in self.engine.moving:
            if layer.parameter.weight.grad is not None:
                layer.parameter.set_values(_power(layer.parameter.values, self.alpha))


def _power(x: Tensor, exponent: float) -> Tensor:
    return x.sign() * x.abs() ** exponent
