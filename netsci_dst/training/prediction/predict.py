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
from .translations import translate


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
        A run of a classifier, a language model or a translation model, or its folder.
    data
        For a classifier: samples as an array ``(n, *shape)``, a list or a data frame; a ``.npy``
        or ``.npz`` file (``x`` and, if known, ``y``); a csv, tsv or parquet table with a column
        for each number, or of images, and one called ``label`` if known; images, or a folder of
        them or of a folder for each class; ``-``, any of these files from the standard input; or
        whatever training takes: a data set's name, file or folder. Values are as before
        normalisation: whole numbers are pixels (255 is 1) where training had values of 0 to 1.
        For a language model or a translation model: a text file, each line of which is a sample, a
        table with a column ``text``, or a list of texts.
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
        The data set that the run was trained on, for a run that does not say what it was like.

    Returns
    -------
    Predictions
        Of each sample; of a language model, of each line.

    Raises
    ------
    RunError
        If the run has no checkpoint, or is of another task.
    DataError
        If the data cannot be read, or does not fit the network.

    Examples
    --------
    >>> import tempfile
    >>> from netsci_dst.training import train
    >>> from netsci_dst.training.data import load
    >>> recipe = dict(data="digits", model_options={"hidden": [8]}, sparsity=0.5, epochs=1)
    >>> run = train(**recipe, train_samples=100, out=tempfile.mkdtemp() + "/run")
    >>> found = predict(run, load("digits").x_test[:3])
    >>> found.table.columns[:4].tolist(), len(found.table)
    (['sample', 'class', 'name', 'probability'], 3)
    """
    run = run if isinstance(run, Run) else load_run(run)
    session = restore(run, which, device=device, dataset=dataset)
    if session.task.name == "classification":
        return classify(session, data, part, compacted, batch_size)
    if session.task.name == "language-model":
        return score(session, data, compacted, batch_size)
    if session.task.name == "translation":
        return translate(session, data, part, compacted, batch_size)
    raise RunError(
        f"{run.path} is a run of the task {session.task.name}; predictions are of classifiers, "
        "language models and translation models"
    )
