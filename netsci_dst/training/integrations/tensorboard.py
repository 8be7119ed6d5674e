"""Scalars of a training for TensorBoard."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ...errors import MissingDependency
from ..progress import Progress
from .scalar_log import ScalarLog


class TensorBoard(ScalarLog):
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
        super().__init__(then)
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise MissingDependency("tensorboard", "tensorboard", "writing scalars") from None
        self._writer = SummaryWriter(os.fspath(folder))

    def write(self, scalars: Mapping[str, float], step: int) -> None:
        """Write scalars; evaluations reach the disk at once."""
        for name, value in scalars.items():
            self._writer.add_scalar(name, value, step)
        if any(name.startswith("metrics/") for name in scalars):
            self._writer.flush()

    def close(self, status: str) -> None:
        """Close the event file."""
        self._writer.close()
