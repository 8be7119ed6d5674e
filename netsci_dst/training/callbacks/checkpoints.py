"""Keep what is needed to go on, and the weights of the best evaluation."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .. import checkpoint
from .callback import Callback

if TYPE_CHECKING:
    from ..fit import Fit


class Checkpoints(Callback):
    """A checkpoint at the beginning, after every evaluation, and where training is stopped.

    Parameters
    ----------
    minutes
        At most so many minutes pass between two, also within an epoch.
    """

    def __init__(self, minutes: float | None = None) -> None:
        self.best: float | None = None
        self._due = False
        self._every_s = 60 * minutes if minutes else float("inf")
        self._saved = time.monotonic()

    def begin(self, fit: Fit) -> None:
        """Write the initial state, so that a run can be resumed from its first step on."""
        if fit.step == 0:
            self._save(fit)

    def evaluated(self, fit: Fit, row: dict[str, Any], metric: float) -> None:
        """Keep the weights of the best evaluation; the rest waits for the end of the step."""
        self._due = True
        task = fit.training.task
        if self.best is not None and not task.better(metric, self.best):
            return
        self.best = metric
        if fit.writer is not None:
            tensors, facts = fit.training.model_state()
            facts |= {"step": fit.step, task.metric: metric}
            fit.writer.checkpoint(tensors, facts, best=True)

    def step_ended(self, fit: Fit) -> None:
        """Write what is needed to go on."""
        if self._due or time.monotonic() - self._saved >= self._every_s:
            if not self._due:
                for callback in fit.callbacks:
                    callback.saving(fit)
            self._due = False
            self._save(fit)

    def interrupted(self, fit: Fit) -> None:
        """Write what is needed to go on from this very step."""
        self._save(fit)

    def _save(self, fit: Fit) -> None:
        if fit.writer is not None:
            fit.writer.checkpoint(*fit.state())
        self._saved = time.monotonic()

    def end(self, fit: Fit) -> dict[str, Any]:
        """Evaluate the best checkpoint on splits that training never looked at."""
        training = fit.training
        unseen = training.batches.splits[1:]
        if fit.writer is None or not unseen or not fit.writer.run.store.exists(checkpoint.BEST):
            return {}
        last, formats = training.model_state()
        last = {name: value.clone() for name, value in last.items()}
        tensors, facts = checkpoint.load(fit.writer.run.store, checkpoint.BEST)
        training.load_model(tensors, facts)
        found = {
            split: training.task.evaluate(training.model, training.batches, split)
            for split in unseen
        }
        training.load_model(last, formats)
        return {"best": {"step": facts["step"], **found}}

    def state(self, fit: Fit) -> dict[str, Any]:
        """Return the best metric so far and the processor time."""
        spent = fit.writer.processor.seconds() if fit.writer is not None else 0.0
        return {"best": self.best, "processor_seconds": spent}

    def load(self, fit: Fit, facts: Mapping[str, Any]) -> None:
        """Continue."""
        self.best = facts["best"]
        if fit.writer is not None:
            fit.writer.processor.earlier = float(facts.get("processor_seconds", 0.0))
