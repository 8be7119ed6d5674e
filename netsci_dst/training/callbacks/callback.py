"""What a callback is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..fit import Fit
    from ..tasks.task import Batch, Loss


class Callback:
    """Something that happens around the steps of a training; every hook does nothing here.

    Examples
    --------
    >>> class Patience(Callback):
    ...     "Note how many steps were made."
    ...     steps = 0
    ...
    ...     def step_ended(self, fit) -> None:
    ...         self.steps += 1
    """

    def begin(self, fit: Fit) -> None:
        """Act before the first step, or before the first one after resuming."""

    def loss(self, fit: Fit, loss: Loss, batch: Batch) -> None:
        """Take note of a loss, after its backward pass."""

    def stepped(self, fit: Fit) -> None:
        """Act after the optimizer, before a topology update."""

    def evaluated(self, fit: Fit, row: dict[str, Any], metric: float) -> None:
        """Act at an evaluation."""

    def updated(self, fit: Fit, rows: Sequence[Mapping[str, Any]]) -> None:
        """Act after a topology update."""

    def step_ended(self, fit: Fit) -> None:
        """Act when all else of a step has happened."""

    def saving(self, fit: Fit) -> None:
        """Act before what is needed to go on is written within an epoch."""

    def interrupted(self, fit: Fit) -> None:
        """Act when the user stops the training."""

    def end(self, fit: Fit) -> dict[str, Any]:
        """Act when all steps are made; return facts for the provenance."""
        return {}

    def state(self, fit: Fit) -> dict[str, Any]:
        """Return JSON-compatible facts to continue from."""
        return {}

    def load(self, fit: Fit, facts: Mapping[str, Any]) -> None:
        """Continue from the facts of a checkpoint, those of all callbacks."""
