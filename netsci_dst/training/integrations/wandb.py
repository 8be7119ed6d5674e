"""Scalars of a training for Weights & Biases."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ...errors import MissingDependency
from ..progress import Progress
from .scalar_log import ScalarLog


class WandB(ScalarLog):
    """Write a training as a run of Weights & Biases: the recipe, evaluations and updates.

    Nothing is sent unless ``WANDB_MODE=online`` says so: by default the run is kept here, and
    ``wandb sync`` sends it. A resumed training is another run, named with the step.

    Parameters
    ----------
    project
        Name of the project.
    then
        Another progress to tell everything, too.

    Raises
    ------
    MissingDependency
        If wandb is not installed.
    """

    def __init__(self, project: str = "netsci-dst", then: Progress | None = None):
        super().__init__(then)
        try:
            import wandb
        except ImportError:
            raise MissingDependency("wandb", "wandb", "logging to Weights & Biases") from None
        self._wandb: Any = wandb
        self._project, self._run = project, None

    def begin(self, run: Any, step: int) -> None:
        """Begin a run with the recipe as its configuration."""
        self._run = self._wandb.init(
            project=self._project,
            name=f"{run.name} from step {step}" if step else run.name,
            config=run.recipe,
            mode=os.environ.get("WANDB_MODE", "offline"),
        )

    def write(self, scalars: Mapping[str, float], step: int) -> None:
        """Write scalars of a step."""
        if self._run is not None:
            self._run.log(dict(scalars), step=step)

    def close(self, status: str) -> None:
        """End the run."""
        if self._run is not None:
            self._run.finish(exit_code=0 if status == "finished" else 1)
