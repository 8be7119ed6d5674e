"""Sharpness-aware minimisation: the gradient is taken where the loss nearby is highest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, optim

from ...errors import RecipeError
from ...registry import register

Positive = Annotated[float, Field(gt=0)]
_LAST = "last_gradient"


class _Nearby(optim.Optimizer):
    """Before an optimizer's class: its step, by the gradient at a point ρ away from the weights."""

    rho: float

    def _set_rho(self, rho: float) -> None:
        if not rho > 0:
            raise RecipeError(f"rho is {rho}; it must be positive")
        self.rho = rho

    def _move(self, gradients: list[tuple[Tensor, Tensor]]) -> list[tuple[Tensor, Tensor]]:
        """Go ρ along a gradient; return the parameters with their values before."""
        if not gradients:
            return []
        norm = torch.stack([gradient.norm() for _, gradient in gradients]).norm()
        before = [(parameter, parameter.clone()) for parameter, _ in gradients]
        for parameter, gradient in gradients:
            parameter.add_(gradient * (self.rho / norm.clamp_min(1e-12)))
        return before

    def _parameters(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def _need(self, closure: Callable[[], Any] | None, passes: str) -> Callable[[], Any]:
        if closure is None:
            raise RecipeError(
                f"{type(self).__name__} looks at another point before it steps ({passes} a step): "
                "call step(closure)"
            )
        return torch.enable_grad()(closure)


class _TwoPasses(_Nearby):
    """The point lies along the gradient where the weights are."""

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step; ``closure`` computes the loss and its gradient anew.

        Raises
        ------
        RecipeError
            Without a closure.
        """
        closure = self._need(closure, "two passes")
        loss = closure()
        before = self._move([(p, p.grad) for p in self._parameters() if p.grad is not None])
        closure()
        for parameter, value in before:
            parameter.copy_(value)
        super().step()
        return loss


class _OnePass(_Nearby):
    """The point lies along the gradient of the last step."""

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step; ``closure`` computes the loss and its gradient.

        Raises
        ------
        RecipeError
            Without a closure.
        """
        closure = self._need(closure, "one pass")
        known = [(p, self.state[p][_LAST]) for p in self._parameters() if _LAST in self.state[p]]
        before = self._move(known)
        loss = closure()
        for parameter, value in before:
            parameter.copy_(value)
        super().step()
        # Among the optimizer's state it follows the links: a new one has none.
        for parameter in self._parameters():
            if parameter.grad is not None:
                self.state[parameter][_LAST] = parameter.grad.clone()
        return loss


class _OfSGD(_Nearby):
    def __init__(
        self,
        params: Any,
        *,
        lr: float,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        nesterov: bool = False,
        rho: Positive = 0.05,
    ):
        self._set_rho(rho)
        start: Any = super().__init__  # of PyTorch's optimizer, which comes last
        start(params, lr=lr, weight_decay=weight_decay, momentum=momentum, nesterov=nesterov)


class _OfAdam(_Nearby):
    def __init__(
        self,
        params: Any,
        *,
        lr: float,
        weight_decay: float = 0.0,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        amsgrad: bool = False,
        rho: Positive = 0.05,
    ):
        self._set_rho(rho)
        start: Any = super().__init__  # of PyTorch's optimizer, which comes last
        start(params, lr=lr, weight_decay=weight_decay, betas=betas, eps=eps, amsgrad=amsgrad)


@register("optimizer", "sam", source="Foret et al. 2021, algorithm 1", needs_closure=True)
class SAM(_OfSGD, _TwoPasses, optim.SGD):
    """SGD by the gradient at w + ρ g/‖g‖, with g the gradient at w: two passes a step."""


@register("optimizer", "sam-adam", source="Foret et al. 2021; Kingma & Ba 2015", needs_closure=True)
class SAMAdam(_OfAdam, _TwoPasses, optim.Adam):
    """Adam by the gradient at w + ρ g/‖g‖, with g the gradient at w: two passes a step."""


@register(
    "optimizer",
    "sam-adamw",
    source="Foret et al. 2021; Loshchilov & Hutter 2019",
    needs_closure=True,
)
class SAMAdamW(_OfAdam, _TwoPasses, optim.AdamW):
    """AdamW by the gradient at w + ρ g/‖g‖, with g the gradient at w: two passes a step."""


@register("optimizer", "s2-sam", source="Ji et al. 2024, algorithm 1", needs_closure=True)
class S2SAM(_OfSGD, _OnePass, optim.SGD):
    """SGD by the gradient at w + ρ g/‖g‖, with g that of the last step: one pass a step."""


@register("optimizer", "s2-sam-adam", source="Ji et al. 2024; Kingma & Ba 2015", needs_closure=True)
class S2SAMAdam(_OfAdam, _OnePass, optim.Adam):
    """Adam by the gradient at w + ρ g/‖g‖, with g that of the last step: one pass a step."""


@register(
    "optimizer",
    "s2-sam-adamw",
    source="Ji et al. 2024; Loshchilov & Hutter 2019",
    needs_closure=True,
)
class S2SAMAdamW(_OfAdam, _OnePass, optim.AdamW):
    """AdamW by the gradient at w + ρ g/‖g‖, with g that of the last step: one pass a step."""
