"""Passes of a training in one call, where its model is one that `MlpPasses` knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from .models.mlp_passes import MlpPasses, is_possible
from .tasks.classification import Classification
from .tasks.task import Loss

if TYPE_CHECKING:
    from .build import Training
    from .tasks.task import Batch


def can_pass_at_once(training: Training) -> bool:
    """Return whether steps of a training may be made so, while the formats of layers allow."""
    recipe = training.recipe
    return (
        training.device.type == "cpu"
        and training.world.size == 1
        and recipe.accumulate == 1
        and recipe.dtype != "bfloat16"
        and type(training.task) is Classification
        and training.recipe.model == "mlp"
    )


class PassesAtOnce:
    """Forward and backward pass of a step of classification; gradients are set, not added to."""

    def __init__(self, training: Training):
        self._model, self._controller = training.model, training.controller
        self._smoothing: float = training.recipe.label_smoothing
        self._passes: MlpPasses | None = None
        self._seen = -1

    def fits(self, batch: Batch) -> bool:
        """Return whether the passes of this step would be the model's own."""
        if self._seen != self._controller.n_updates:  # formats of layers change at updates alone
            self._passes = MlpPasses(self._model) if is_possible(self._model) else None
            self._known_hooks: frozenset[int] = self._controller.forward_hooks
            self._seen = self._controller.n_updates
        return (
            self._passes is not None and batch.share == 1.0 and self._passes.fits(self._known_hooks)
        )

    def __call__(self, batch: Batch) -> Loss:
        """Set the gradients and return the loss, which has no graph behind it."""
        assert self._passes is not None
        self._controller.compute.passed(batch.tensors[0].numel())
        found = self._passes(*batch.tensors[:2], label_smoothing=self._smoothing)
        return Loss(torch.tensor(found.loss), batch.samples, found.plain, found.right)
