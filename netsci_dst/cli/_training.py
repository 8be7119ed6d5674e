"""What a training shows while it runs: a bar on a terminal, a line per evaluation elsewhere."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..training.progress import Progress
from . import _console

_METRICS = ("accuracy", "bleu", "perplexity", "reconstruction_error")


class _Shown(Progress):
    def __init__(self, update: _console.Update, quiet: bool):
        self._update, self._quiet = update, quiet
        self._total = self._per_epoch = 0
        self._drawn = 0.0
        self._note = self._place = ""

    def started(self, run: Any, step: int, total_steps: int, steps_per_epoch: int) -> None:
        self._total, self._per_epoch, self._place = total_steps, steps_per_epoch, run.path
        self._update(step, total_steps, "")

    def noted(self, message: str) -> None:
        _console.say(message)

    def stepped(self, step: int) -> None:
        now = time.monotonic()
        if now - self._drawn > 0.2:
            self._drawn = now
            self._update(step, self._total, self._note)

    def updated(self, rows: Sequence[Mapping[str, Any]]) -> None:
        pass

    def evaluated(self, row: Mapping[str, Any]) -> None:
        self._note = _line(row)
        self._update(int(row["step"]), self._total, self._note)
        if self._quiet:
            _console.say(f"epoch {row['epoch']:g}: {self._note}")

    def ended(self, status: str, message: str = "") -> None:
        # What failed is raised, and said where all errors are.
        if status == "interrupted":
            _console.say(f"stopped; go on with: netsci-dst resume {shlex.quote(self._place)}")


def _line(row: Mapping[str, Any]) -> str:
    parts = []
    for key in ("train_loss", "loss", *_METRICS):
        value = row.get(key)
        if value is not None:
            shown = f"{100 * value:.2f} %" if key == "accuracy" else f"{value:.4g}"
            parts.append(f"{key.replace('_', ' ')} {shown}")
    return ", ".join(parts)


def is_first_process() -> bool:
    """Whether this process is alone, or the one of torchrun that writes and tells."""
    return os.environ.get("RANK", "0") == "0"


@contextlib.contextmanager
def show_training(what: str, quiet: bool | None = None) -> Iterator[Progress]:
    """Show a training's progress on stderr."""
    terminal = sys.stderr.isatty()
    with _console.progress(what, "steps") as update:
        yield _Shown(update, not terminal if quiet is None else quiet)


def with_loggers(
    progress: Progress, tensorboard: str | None, mlflow: str | None, wandb: str | None
) -> Progress:
    """Return a progress that also writes to the loggers that were asked for."""
    if tensorboard is not None:
        from ..training.integrations.tensorboard import TensorBoard

        progress = TensorBoard(tensorboard, progress)
    if mlflow is not None:
        from ..training.integrations.mlflow import MLflow

        progress = MLflow(mlflow, progress)
    if wandb is not None:
        from ..training.integrations.wandb import WandB

        progress = WandB(wandb, progress)
    return progress
