"""Train by a recipe, record the run, and continue it where it was stopped."""

from __future__ import annotations

import contextlib
import os
import tomllib
from collections.abc import Mapping
from typing import Any

from ..errors import FormatError, RunError
from ..recipe import Recipe, load_recipe, recorded_recipe
from ..run import PROVENANCE, RECIPE, Run, load_run
from ..store import Store
from . import checkpoint
from .build import Training, device_of, surroundings
from .data.remembered import facts_of
from .distributed import join
from .fit import Fit
from .progress import Progress
from .run_writer import RunWriter


def train(
    recipe: Recipe | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    dataset: Any = None,
    **changes: Any,
) -> Run:
    """Train a model and return the recorded run.

    Parameters
    ----------
    recipe
        A `Recipe`, a table, or the path of a TOML file; see `load_recipe`.
    out
        Folder or fsspec URL of the run; by default `default_folder`.
    progress
        Callbacks.
    dataset
        A data set to train on instead of loading ``recipe.data`` by name.
    changes
        Fields of the recipe to change.

    Returns
    -------
    Run
        The finished run.

    Raises
    ------
    RecipeError, UnknownName, DataError
        For a request that cannot be met.
    RunError
        If the folder already holds a run or cannot be written.
    NumericalError
        If the loss or a weight is no longer finite; the last good checkpoint is kept.

    Examples
    --------
    >>> import tempfile
    >>> import netsci_dst as nd
    >>> place = tempfile.mkdtemp() + "/set"
    >>> recipe = dict(data="digits", model_options={"hidden": [16]}, method="set", sparsity=0.8)
    >>> run = nd.train(**recipe, epochs=2, out=place)
    >>> run.status, run.metrics["epoch"].tolist()
    ('finished', [1.0, 2.0])
    """
    recipe = load_recipe(recipe, **changes)
    world = join()
    device = device_of(recipe.device, world)
    with surroundings(recipe, device):
        training = Training(recipe, world, dataset)
        writer = None
        path = os.fspath(default_folder(recipe) if out is None else out)
        if world.is_main:
            writer = RunWriter.create(path, recipe.to_table(), _facts(training))
            for name, text in training.artefacts().items():
                writer.run.store.write(f"data/{name}", text.encode())
        # Another process may find the default folder taken by this one.
        path = world.agree_on(path, device)
        Fit(training, writer, progress).run()
        return load_run(path) if writer is None else writer.run


def default_folder(recipe: Recipe) -> str:
    """Return where a run goes unless the user says so: a folder in ``runs`` that is not there yet.

    ``runs/DATA-METHOD-sSPARSITY-seedSEED``, with a number behind it where that exists.
    """
    data = os.path.basename(os.path.normpath(recipe.data)) or "data"
    data = "".join(c if c.isalnum() or c in "-_." else "-" for c in data)
    stem = f"runs/{data}-{recipe.method}-s{recipe.sparsity:g}-seed{recipe.seed}"
    place, number = stem, 1
    while os.path.exists(place):
        number += 1
        place = f"{stem}-{number}"
    return place


def resume(
    path: str | os.PathLike[str], *, progress: Progress | None = None, dataset: Any = None
) -> Run:
    """Continue a run that was interrupted; on the same device it ends bit for bit the same.

    Parameters
    ----------
    path
        The run's folder or URL.
    progress
        What is told of the training, see `Progress`.
    dataset
        The data set, for a run that was trained on one given directly.

    Returns
    -------
    Run
        The run, finished.

    Raises
    ------
    RunError
        If there is no run, or it is being written by another process.
    DataError
        If the data are no longer what the run was trained on.

    Examples
    --------
    >>> import tempfile
    >>> recipe = dict(data="digits", model_options={"hidden": [8]}, sparsity=0.5, epochs=1)
    >>> run = train(**recipe, train_samples=100, out=tempfile.mkdtemp() + "/run")
    >>> resume(run.path).status
    'finished'
    """
    store = Store(path)
    if store.exists(RECIPE) and not store.exists(PROVENANCE):
        return _begin_again(store, progress, dataset)
    run = load_run(path)
    if run.status == "finished":
        with contextlib.suppress(RunError), run.writing():
            pass  # tidies up where the last process was stopped after its last note
        return run
    if "origin" in run.recipe:
        raise RunError(
            f"{run.path} was recorded from a training loop of one's own: continue it there, with "
            "the state_dict of model, optimizer and SparseTraining"
        )
    recipe = recorded_recipe(run.recipe)
    world = join()
    device = device_of(recipe.device, world)
    with surroundings(recipe, device):
        training = Training(recipe, world, dataset)
        _same_data(run, training)
        fit = Fit(training, RunWriter(run) if world.is_main else None, progress)
        if run.store.exists(checkpoint.LAST):
            fit.resume_from = checkpoint.load(run.store, checkpoint.LAST)
        fit.run()
        return run


def _begin_again(store: Store, progress: Progress | None, dataset: Any) -> Run:
    """Train from a recipe that was written by a process that died before its run was one."""
    try:
        table = tomllib.loads(store.read(RECIPE).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"{store.path(RECIPE)} is corrupt: {error}") from error
    recipe = recorded_recipe(table)
    store.delete(RECIPE)
    return train(recipe, out=store.url, progress=progress, dataset=dataset)


def _facts(training: Training) -> dict[str, Any]:
    return {
        "device": str(training.device),
        "seed": training.recipe.seed,
        "world_size": training.world.size,
        "data": {
            "name": training.recipe.data,
            "fingerprint": getattr(training.dataset, "fingerprint", None),
            "test_samples": training.held_out,
            "facts": facts_of(training.dataset),
        },
        "model": {
            "parameters": sum(p.numel() for p in training.model.parameters()),
            "sparse_layers": training.controller.describe(),
        },
        "metric": training.task.metric,
        "higher_is_better": training.task.higher_is_better,
        "splits": list(training.batches.splits),
        "steps_per_epoch": training.steps_per_epoch,
        "total_steps": training.total_steps,
    }


def _same_data(run: Run, training: Training) -> None:
    from ..errors import DataError

    known = run.provenance.get("data", {}).get("fingerprint")
    if known is not None and known != getattr(training.dataset, "fingerprint", None):
        raise DataError(
            f"the data of {run.path} have changed since it began: its fingerprint was {known[:12]}…"
        )
