"""Predictions of a trained run."""

from __future__ import annotations

import os
from typing import Any, Literal

from ...errors import RunError
from ...run import Run, load_run
from ..trained_model import restore
from .classes import classify
from .predictions import Predictions
from .text import score


def predict(
    run: Run | str | os.PathLike[str],
    data: str | os.PathLike[str] | Any,
    *,
    which: Literal["last", "best"] = "last",
    part: Literal["train", "test"] = "test",
    compacted: bool = False,
    batch_size: int = 256,
    device: str = "cpu",
    dataset: Any = None,
) -> Predictions:
    """Return what a trained run's network says about data.

    Parameters
    ----------
    run
        A run of a classifier or a language model, or its folder.
    data
        For a classifier: samples as an array ``(n, *shape)`` (whole numbers are pixels, 255 is
        1), a ``.npy`` or ``.npz`` file (``x`` and, if known, ``y``), an image or a folder of
        images, or whatever training takes: a data set's name, file or folder. For a language
        model: a text file, each line of which is a sample, or a list of texts.
    which
        The last checkpoint, or the one of the best evaluation.
    part
        Which part of a data set.
    compacted
        Remove unused neurons first; the predictions are the same.
    batch_size
        Samples (or lines) per forward pass.
    device
        ``cpu`` or ``cuda``.
    dataset
        The data set that the run was trained on, for a run to which it was given directly.

    Raises
    ------
    RunError
        If the run has no checkpoint, or is neither a classifier nor a language model.
    DataError
        If the data cannot be read, or does not fit the network.
    """
    run = run if isinstance(run, Run) else load_run(run)
    session = restore(run, which, device=device, dataset=dataset)
    if session.task.name == "classification":
        return classify(session, data, part, compacted, batch_size)
    if session.task.name == "language-model":
        return score(session, data, compacted, batch_size)
    raise RunError(
        f"{run.path} is a run of the task {session.task.name}; predictions are of classifiers and "
        "language models"
    )
