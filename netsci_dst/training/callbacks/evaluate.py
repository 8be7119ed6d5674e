"""Evaluate the model, and record what was measured since the last evaluation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ...area import Area
from ...errors import FormatError, NumericalError
from .callback import Callback

if TYPE_CHECKING:
    from ..fit import Fit
    from ..tasks.task import Batch, Loss


@dataclass
class Window:
    """What is summed between two evaluations: loss, its weight, right predictions."""

    sums: list[Any] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    counted: bool = False
    samples: int = 0
    seconds: float = 0.0

    def add(self, loss: Loss, batch: Batch, on_cpu: bool) -> None:
        """Add a loss; a GPU is not waited for."""
        self.sums[0] = _added(self.sums[0], loss.shown, loss.weight, on_cpu)
        self.sums[1] += loss.weight
        if loss.correct is not None:
            self.sums[2] = _added(self.sums[2], loss.correct, 1, on_cpu)
            self.counted = True
        self.samples += batch.samples


def _added(total: Any, value: Tensor | float, weight: int, on_cpu: bool) -> Any:
    """Return a sum with one more term; on a GPU one operation on a sum that stays there."""
    if on_cpu:
        return total + float(value) * weight
    if not isinstance(total, Tensor):
        assert isinstance(value, Tensor)
        total = torch.full((), total, dtype=torch.float64, device=value.device)
    return total.add_(value, alpha=weight)


class Evaluate(Callback):
    """A row of metrics.parquet every so many steps, and the area across epochs (AAE)."""

    def __init__(self) -> None:
        self.window, self.area = Window(), Area()

    def loss(self, fit: Fit, loss: Loss, batch: Batch) -> None:
        """Sum the training loss."""
        if batch.share:
            self.window.add(loss, batch, fit.training.device.type == "cpu")

    def stepped(self, fit: Fit) -> None:
        """Evaluate when it is time."""
        if fit.step % fit.training.evaluate_every and not fit.is_last:
            return
        self.window.seconds += fit.tick()
        self._evaluate(fit)
        self.window = Window()
        fit.tick()

    def interrupted(self, fit: Fit) -> None:
        """Count the time of the window that is left open."""
        self.window.seconds += fit.tick()

    def _evaluate(self, fit: Fit) -> None:
        training, window = fit.training, self.window
        asked = [*map(float, window.sums), float(window.samples)]
        sums = training.world.sum(asked, training.device)
        if fit.writer is None:
            return
        fit.writer.refuse_vanished()
        found = training.task.evaluate(training.model, training.batches)
        if not math.isfinite(found["loss"]):
            raise NumericalError(f"the evaluation loss is not finite at step {fit.step}")
        metric = found[training.task.metric]
        epoch = training.controller.clock.epoch(fit.step)
        row = {
            "step": fit.step,
            "epoch": epoch,
            "train_loss": sums[0] / max(1.0, sums[1]),
            "train_accuracy": sums[2] / max(1.0, sums[1]) if window.counted else None,
            **found,
            "aae": self.area.add(epoch, metric),
            "lr": training.rate(fit.step),
            **training.controller.compute.row(),
            "wall_s": fit.seconds,
            "samples_per_s": sums[3] / max(1e-9, window.seconds),
        }
        fit.evaluated({**row, "evaluation": self.area.n}, metric)
        fit.writer.metrics(row)
        fit.progress.evaluated(row)

    def state(self, fit: Fit) -> dict[str, Any]:
        """Return the open window and the area so far."""
        window = self.window
        return {
            "area": asdict(self.area),
            "seconds": fit.seconds,
            "window": {
                "sums": [float(value) for value in window.sums],
                "counted": window.counted,
                "samples": window.samples,
                "seconds": window.seconds,
            },
        }

    def load(self, fit: Fit, facts: Mapping[str, Any]) -> None:
        """Continue an open window."""
        try:
            self.area: Area = Area(**facts["area"])
            fit.seconds = float(facts["seconds"])
            kept = facts["window"]
            self.window: Window = Window(
                [float(value) for value in kept["sums"]],
                bool(kept["counted"]),
                int(kept["samples"]),
                float(kept["seconds"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"the checkpoint is corrupt: {error}") from error
