"""When the topology is updated, and how far training is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...errors import RecipeError


@dataclass(frozen=True)
class Clock:
    """Steps of training and of evolution.

    Attributes
    ----------
    total_steps
        Optimizer steps of the whole training.
    interval
        Steps between topology updates.
    steps_per_epoch
        To express steps as epochs; 0 when unknown.
    """

    total_steps: int
    interval: int
    steps_per_epoch: float = 0.0

    def __post_init__(self) -> None:
        if self.total_steps < 1 or self.interval < 1:
            raise RecipeError(
                f"{self.total_steps} steps with an update every {self.interval} make no training; "
                "both must be at least 1"
            )

    def time(self, step: int) -> float:
        """Return the share of training that is over."""
        return step / self.total_steps

    def epoch(self, step: int) -> float:
        """Return the epochs that are over; NaN when the length of an epoch is unknown."""
        return step / self.steps_per_epoch if self.steps_per_epoch else math.nan

    def step_of(self, share: float) -> int:
        """Return the first step at or after a share of training."""
        return math.ceil(share * self.total_steps - 1e-9)
