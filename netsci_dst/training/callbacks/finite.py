"""Stop where the loss or a weight is no longer finite."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from ...errors import NumericalError
from .callback import Callback

if TYPE_CHECKING:
    from ..fit import Fit
    from ..tasks.task import Batch, Loss

# How often a GPU is asked whether the loss is still finite: asking makes it wait.
_CHECK_EVERY = 25


class Finite(Callback):
    """Note the first step whose loss is not finite, and stop there; a GPU says so later."""

    def __init__(self) -> None:
        self._latest: Any = 0.0
        self._bad_step: torch.Tensor | None = None

    def loss(self, fit: Fit, loss: Loss, batch: Batch) -> None:
        """Keep the latest loss."""
        if batch.share:
            on_cpu = fit.training.device.type == "cpu"
            self._latest = float(loss.shown) if on_cpu else loss.shown

    def stepped(self, fit: Fit) -> None:
        """Look at the loss of the step; at all weights before an evaluation."""
        if isinstance(self._latest, torch.Tensor):
            self._note(fit.step, torch.isfinite(self._latest))
        elif not math.isfinite(self._latest):
            _refuse(fit.step)
        if fit.step % fit.training.evaluate_every == 0 or fit.is_last:
            self.check(fit)

    def interrupted(self, fit: Fit) -> None:
        """Check before a checkpoint is written."""
        self.check(fit)

    def _note(self, step: int, finite: torch.Tensor) -> None:
        if self._bad_step is None:
            self._bad_step = torch.full((), 2**62, device=finite.device, dtype=torch.int64)
        self._bad_step = torch.where(finite, self._bad_step, self._bad_step.clamp(max=step))
        if step % _CHECK_EVERY == 0 and int(self._bad_step) <= step:
            _refuse(int(self._bad_step))

    def check(self, fit: Fit) -> None:
        """Refuse a loss or weights that are not finite.

        Raises
        ------
        NumericalError
            Naming the step or the weights.
        """
        if self._bad_step is not None and int(self._bad_step) <= fit.step:
            _refuse(int(self._bad_step))
        for name, parameter in fit.training.model.named_parameters():
            if not bool(torch.isfinite(parameter).all()):
                raise NumericalError(
                    f"weights of {name} are no longer finite at step {fit.step}; the last good "
                    "checkpoint is kept: try a smaller lr, or clip"
                )


def _refuse(step: int) -> None:
    raise NumericalError(
        f"the loss is not finite at step {step}; the last good checkpoint is kept: "
        "try a smaller lr, or clip, and check the data"
    )
