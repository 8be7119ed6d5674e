"""A run's model with its trained weights, ready to use; and its data, as they were."""

from __future__ import annotations

import copy
import os
from typing import Any, Literal

from torch import Tensor, nn

from ..errors import RecipeError, RunError
from ..recipe import recorded_recipe
from ..run import Run, load_run
from . import checkpoint
from .build import Training, device_of, surroundings
from .data.remembered import remembered
from .distributed import World
from .formats.convert import to_dense
from .formats.csr.linear import CsrLinear
from .matrix_view import views_of

Which = Literal["last", "best"]


def load_model(
    run: Run | str | os.PathLike[str],
    which: Which = "last",
    format: Literal["dense", "csr"] | None = None,
    *,
    model: nn.Module | None = None,
    device: str = "cpu",
    dataset: Any = None,
) -> nn.Module:
    """Return the trained network of a run, in evaluation mode.

    Parameters
    ----------
    run
        A run, its folder or URL.
    which
        The last checkpoint, or the one of the best evaluation. The best one was chosen by the
        split that the run evaluated on: the validation split where there is one, the test split
        where not (``run.provenance`` and `netsci-dst info` say which).
    format
        ``dense`` gives plain modules, zero where there is no link; ``csr`` keeps the links alone of
        linear layers; None the formats it was trained in.
    model
        The plain module, for a run of one's own training loop; it is not changed.
    device
        ``cpu`` or ``cuda``.
    dataset
        The data set that it was trained on, for a run that does not say what its samples are like
        (runs do, and need no data for this).

    Returns
    -------
    torch.nn.Module
        In evaluation mode.

    Raises
    ------
    RunError
        If the run has no such checkpoint, or was recorded from a loop of one's own and no model is
        given.
    FormatError
        If the checkpoint does not fit the model.

    Examples
    --------
    >>> import tempfile, torch
    >>> import netsci_dst as nd
    >>> recipe = dict(data="digits", model_options={"hidden": [8]}, sparsity=0.5, epochs=1)
    >>> run = nd.train(**recipe, train_samples=100, out=tempfile.mkdtemp() + "/run")
    >>> model = load_model(run, format="dense")
    >>> model(torch.zeros(2, 1, 8, 8)).shape
    torch.Size([2, 10])
    """
    if format not in (None, "dense", "csr"):
        raise RecipeError(f"format is {format!r}; it must be 'dense' or 'csr'")
    run = run if isinstance(run, Run) else load_run(run)
    if run.recipe.get("origin") == "sparsify":
        loaded = _of_own_loop(run, which, model)
    else:
        if model is not None:
            raise RunError(f"{run.path} knows its model: leave out model")
        loaded = restore(run, which, device=device, dataset=dataset).model
    if format == "dense":
        to_dense(loaded, inplace=True)
    elif format == "csr":
        _to_csr(loaded)
    return loaded.to(device).eval()


def restore(
    run: Run,
    which: Which = "last",
    *,
    device: str = "cpu",
    dataset: Any = None,
    samples: bool = False,
) -> Training:
    """Return a training whose model has the weights of a run's checkpoint.

    Parameters
    ----------
    which
        The last checkpoint, or the one of the best evaluation.
    dataset
        The data set, for a run that was trained on one given directly.
    samples
        Read the data that the run was trained on. Else random samples stand for them, of the
        shape, the classes and the normalisation that the run recorded.

    Raises
    ------
    RunError
        If the run has no such checkpoint (an imported run, say).
    """
    name = _checkpoint_of(run, which)
    if "origin" in run.recipe:
        raise RunError(
            f"{run.path} was recorded from a training loop of one's own, whose model it does not "
            "know: in Python, nd.load_model(run, model=…) gives the trained network, and "
            "runtime.save(nd.training.lower(model, example), file) deploys it"
        )
    recipe = recorded_recipe(run.recipe).but(device=device)
    place = device_of(device, World())
    known = None
    if dataset is None and not samples and (dataset := remembered(run, recipe)) is not None:
        # The start of the training and what it did to its images have no part in its end.
        recipe = recipe.but(augment=False, augment_border="zeros", init_from=None)
        known = run.provenance.get("steps_per_epoch")
    with surroundings(recipe, place):
        training = Training(recipe, World(), dataset, known)
        training.load_model(*checkpoint.load(run.store, name))
        training.controller.close()
        training.model.eval()
    return training


def _checkpoint_of(run: Run, which: str) -> str:
    names = {"last": checkpoint.LAST, "best": checkpoint.BEST}
    if which not in names:
        raise RecipeError(f"which is {which!r}; it must be 'last' or 'best'")
    if not run.store.exists(names[which]):
        why = "only trained runs have one"
        if which == "best" and run.store.exists(checkpoint.LAST):
            why = "no evaluation chose one; take 'last'"
        raise RunError(f"{run.path} has no checkpoint {names[which]}; {why}")
    return names[which]


def _of_own_loop(run: Run, which: str, model: nn.Module | None) -> nn.Module:
    if model is None:
        raise RunError(
            f"{run.path} was recorded from a training loop of one's own, which alone knows the "
            "model: load_model(run, model=the_plain_module)"
        )
    tensors, _ = checkpoint.load(run.store, _checkpoint_of(run, which))
    loaded = copy.deepcopy(model)
    state = checkpoint.part("model", tensors)
    _match_formats(loaded, state)
    checkpoint.load_module(loaded, state)
    return loaded


def _match_formats(model: nn.Module, state: dict[str, Tensor]) -> None:
    """Let layers that were trained as links be links in a plain module, too."""
    from .formats.convert import replace

    for view in list(views_of(model).values()):
        path = view.parameter.rpartition(".")[0]
        if f"{path}.keys" in state and f"{path}.weight" not in state:
            values = state[f"{path}.values"]
            links = CsrLinear(
                view.n_source, view.n_target, f"{path}.bias" in state, dtype=values.dtype
            )
            replace(model, path, links)


def _to_csr(model: nn.Module) -> None:
    """Keep the links alone of linear layers that have entries without one."""
    from .formats.convert import convert, plain_linear

    views = {}
    for name, view in views_of(model).items():
        owner = model.get_submodule(view.parameter.rpartition(".")[0])
        if plain_linear(owner) and bool((model.get_parameter(view.parameter) == 0).any()):
            views[name] = view
    keys = {}
    for name, view in views.items():
        matrix = view.matrix(model.get_parameter(view.parameter).detach())
        u, v = matrix.nonzero(as_tuple=True)
        keys[name] = u * view.n_target + v
    convert(model, views, dict.fromkeys(views, "csr"), keys)
