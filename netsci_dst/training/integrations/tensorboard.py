"""Scalars of a training for TensorBoard."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import MissingDependency
from ..progress import Progress


class TensorBoard(Progress):
    """Write every evaluation and topology update as TensorBoard scalars.

    Parameters
    ----------
    folder
        Where the event files go, such as ``runs/mine/tensorboard``.
    then
        Another progress to tell everything, too.

    Raises
    ------
    MissingDependency
        If TensorBoard is not installed.
    """

    def __init__(self, folder: str | os.PathLike[str], then: Progress | None = None):
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise MissingDependency("tensorboard", "tensorboard", "writing scalars") from None
        self._writer = SummaryWriter(os.fspath(folder))
        self._then = then or Progress()

    def started(self, run: Any, step: int, total_steps: int, steps_per_epoch: int) -> None:
        """Pass on that training began."""
        self._then.started(run, step, total_steps, steps_per_epoch)

    def noted(self, message: str) -> None:
        """Pass on a word about the training."""
        self._then.noted(message)

    def stepped(self, step: int) -> None:
        """Pass on that a step is done."""
        self._then.stepped(step)

    def updated(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the statistics of a topology update, by layer."""
        for row in rows:
            self._write(f"evolution/{row['layer']}", row)
        self._then.updated(rows)

    def evaluated(self, row: Mapping[str, Any]) -> None:
        """Write an evaluation."""
        self._write("metrics", row)
        self._writer.flush()
        self._then.evaluated(row)

    def ended(self, status: str, message: str = "") -> None:
        """Close the event file."""
        self._writer.close()
        self._then.ended(status, message)

    def _write(self, group: str, row: Mapping[str, Any]) -> None:
        for key, value in row.items():
            if key != "step" and isinstance(value, (int, float)) and not isinstance(value, bool):
                self._writer.add_scalar(f"{group}/{key}", value, int(row["step"]))
