"""Scalars of a training for MLflow."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from ...errors import MissingDependency
from ..progress import Progress
from .scalar_log import ScalarLog, flat

_STATUS = {"finished": "FINISHED", "interrupted": "KILLED", "failed": "FAILED"}
# What MLflow takes in names, how long a value may be, and how many parameters a request.
_NO_NAME, _LONGEST, _MOST = re.compile(r"[^\w\-./ ]"), 500, 100


class MLflow(ScalarLog):
    """Write a training as a run of MLflow: the recipe as parameters, evaluations and updates.

    Where it goes is MLflow's own matter (``MLFLOW_TRACKING_URI``); without a server that is a file
    or folder here. A resumed training is another run of MLflow, named with the step.

    Parameters
    ----------
    experiment
        Name of the experiment; made where it is new.
    then
        Another progress to tell everything, too.

    Raises
    ------
    MissingDependency
        If MLflow is not installed.
    """

    def __init__(self, experiment: str = "netsci-dst", then: Progress | None = None):
        super().__init__(then)
        try:
            from mlflow.entities import Metric, Param
            from mlflow.tracking import MlflowClient
        except ImportError:
            raise MissingDependency("mlflow", "mlflow", "logging to MLflow") from None
        self._client, self._metric, self._param = MlflowClient(), Metric, Param
        self._experiment = experiment
        self._run: str | None = None

    def begin(self, run: Any, step: int) -> None:
        """Begin a run of MLflow with the recipe as its parameters."""
        known = self._client.get_experiment_by_name(self._experiment)
        place = known.experiment_id if known else self._client.create_experiment(self._experiment)
        name = f"{run.name} from step {step}" if step else run.name
        self._run = self._client.create_run(place, run_name=name).info.run_id
        settings = [
            self._param(_NO_NAME.sub("_", key), str(value)[:_LONGEST])
            for key, value in flat(run.recipe)
        ]
        for start in range(0, len(settings), _MOST):
            self._client.log_batch(self._run, params=settings[start : start + _MOST])

    def write(self, scalars: Mapping[str, float], step: int) -> None:
        """Write scalars of a step in one request."""
        now = int(1000 * time.time())
        found = [self._metric(_NO_NAME.sub("_", k), v, now, step) for k, v in scalars.items()]
        self._client.log_batch(self._run, metrics=found)

    def close(self, status: str) -> None:
        """End the run of MLflow."""
        if self._run is not None:
            self._client.set_terminated(self._run, _STATUS.get(status, "FAILED"))
