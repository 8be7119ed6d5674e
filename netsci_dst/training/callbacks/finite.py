"""Stop where the loss or a weight is no longer finite."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ...errors import NumericalError
from .callback import Callback

if TYPE_CHECKING:
    from ..fit import Fit
    from ..tasks.task import Batch, Loss

# Losses that are kept on a GPU until they are looked at together.
_KEPT = 1024
_NEVER = 2**62


class Finite(Callback):
    """Note the first step whose loss is not finite, and stop there.

    A GPU is asked only before an evaluation or a checkpoint: asking makes it wait.
    """

    def __init__(self) -> None:
        self._latest: Any = 0.0
        self._losses = Losses()

    def loss(self, fit: Fit, loss: Loss, batch: Batch) -> None:
        """Keep the latest loss."""
        if batch.share:
            on_cpu = fit.training.device.type == "cpu"
            self._latest = float(loss.shown) if on_cpu else loss.shown

    def stepped(self, fit: Fit) -> None:
        """Look at the loss of the step; at all weights before an evaluation."""
        if isinstance(self._latest, Tensor):
            self._losses.keep(fit.step, self._latest)
        elif not math.isfinite(self._latest):
            _refuse(fit.step)
        if fit.step % fit.training.evaluate_every == 0 or fit.is_last:
            self.check(fit)

    def saving(self, fit: Fit) -> None:
        """Check before a checkpoint is written."""
        self.check(fit)

    def interrupted(self, fit: Fit) -> None:
        """Check before a checkpoint is written."""
        self.check(fit)

    def check(self, fit: Fit) -> None:
        """Refuse a loss or weights that are not finite.

        Raises
        ------
        NumericalError
            Naming the step or the weights.
        """
        if (bad := self._losses.first_bad()) is not None:
            _refuse(bad)
        named = list(fit.training.model.named_parameters())
        finite = torch.stack([torch.isfinite(parameter).all() for _, parameter in named])
        for (name, _), fine in zip(named, finite.tolist()):
            if not fine:
                raise NumericalError(
                    f"weights of {name} are no longer finite at step {fit.step}; the last good "
                    "checkpoint is kept: try a smaller lr, or clip"
                )


class Losses:
    """Losses on a GPU, kept by one operation a step; which was the first that is not finite."""

    def __init__(self) -> None:
        self._steps: list[int] = []
        self._values: Tensor | None = None
        self._bad: Tensor | None = None

    def keep(self, step: int, loss: Tensor) -> None:
        """Keep the loss of a step."""
        if self._values is None:
            self._values = torch.zeros(_KEPT, dtype=loss.dtype, device=loss.device)
        self._values[len(self._steps)].copy_(loss)
        self._steps.append(step)
        if len(self._steps) == _KEPT:
            self._look()

    def _look(self) -> None:
        """Note the first bad step so far, still without waiting."""
        if self._values is None or not self._steps:
            return
        bad = ~torch.isfinite(self._values[: len(self._steps)])
        # Steps follow each other.
        first = torch.where(bad.any(), bad.to(torch.int8).argmax() + self._steps[0], _NEVER)
        self._bad = first if self._bad is None else torch.minimum(self._bad, first)
        self._steps = []

    def first_bad(self) -> int | None:
        """Return the first step whose loss was not finite; waits for the device."""
        self._look()
        found = _NEVER if self._bad is None else int(self._bad)
        return None if found == _NEVER else found


def _refuse(step: int) -> None:
    raise NumericalError(
        f"the loss is not finite at step {step}; the last good checkpoint is kept: "
        "try a smaller lr, or clip, and check the data"
    )
