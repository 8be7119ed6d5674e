"""Sharpness-aware minimisation: the gradient is taken where the loss nearby is highest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, optim

from ...errors import RecipeError
from ...registry import register


@register("optimizer", "sam", source="Foret et al. 2021, algorithm 1", needs_closure=True)
class SAM(optim.SGD):
    """SGD by the gradient at w + ρ g/‖g‖, with g the gradient at w: two passes a step.

    Parameters
    ----------
    rho
        ρ, the radius of the neighbourhood.
    """

    def __init__(
        self,
        params: Any,
        *,
        lr: float,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        nesterov: bool = False,
        rho: float = 0.05,
    ):
        if not rho > 0:
            raise RecipeError(f"rho is {rho}; it must be positive")
        super().__init__(
            params, lr=lr, weight_decay=weight_decay, momentum=momentum, nesterov=nesterov
        )
        self.rho = rho

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step; ``closure`` computes the loss and its gradient anew.

        Raises
        ------
        RecipeError
            Without a closure.
        """
        if closure is None:
            raise RecipeError("optimizer 'sam' takes two passes a step: call step(closure)")
        closure = torch.enable_grad()(closure)
        loss = closure()
        moved = self._climb()
        closure()
        for parameter, offset in moved:
            parameter.sub_(offset)
        super().step()
        return loss

    def _climb(self) -> list[tuple[Tensor, Tensor]]:
        found = [p for g in self.param_groups for p in g["params"] if p.grad is not None]
        norm = torch.stack([p.grad.norm() for p in found]).norm().clamp_min(1e-12)
        offsets = [p.grad * (self.rho / norm) for p in found]
        for parameter, offset in zip(found, offsets):
            parameter.add_(offset)
        return list(zip(found, offsets))
