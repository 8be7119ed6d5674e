"""Tell the one who watches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .callback import Callback

if TYPE_CHECKING:
    from ..fit import Fit


class ReportProgress(Callback):
    """Hand on to the training's `Progress` what happens."""

    def begin(self, fit: Fit) -> None:
        """Say where it begins, and that no topology update will occur where none will."""
        training = fit.training
        if fit.writer is None:
            return
        fit.progress.started(
            fit.writer.run, fit.step, training.total_steps, training.steps_per_epoch
        )
        if reason := training.controller.engine.stays_still:
            fit.progress.noted(reason)

    def stepped(self, fit: Fit) -> None:
        """Say that a step is made."""
        fit.progress.stepped(fit.step)

    def updated(self, fit: Fit, rows: Sequence[Mapping[str, Any]]) -> None:
        """Say that the topology was updated."""
        if fit.writer is not None:
            fit.progress.updated(rows)
