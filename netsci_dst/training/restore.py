"""A run's model with its trained weights, and its data, as they were."""

from __future__ import annotations

from typing import Any, Literal

from ..errors import RunError
from ..recipe import recorded_recipe
from ..run import Run
from . import checkpoint
from ._session import Session, device_of, surroundings
from .distributed import World


def restore(
    run: Run,
    which: Literal["last", "best"] = "last",
    *,
    device: str = "cpu",
    dataset: Any = None,
) -> Session:
    """Return a session whose model has the weights of a run's checkpoint.

    Parameters
    ----------
    which
        The last checkpoint, or the one of the best evaluation.
    dataset
        The data set, for a run that was trained on one given directly.

    Raises
    ------
    RunError
        If the run has no such checkpoint (an imported run, say).
    """
    name = checkpoint.LAST if which == "last" else checkpoint.BEST
    if not run.store.exists(name):
        raise RunError(f"{run.path} has no checkpoint {name}; only trained runs have one")
    recipe = recorded_recipe(run.recipe).but(device=device)
    place = device_of(device, World())
    with surroundings(recipe, place):
        session = Session(recipe, World(), dataset)
        tensors, facts = checkpoint.load(run.store, name)
        for each in session.layers:
            each.layer.set_backend(facts.get("backends", {}).get(each.name, each.layer.backend))
        session.model.load_state_dict(checkpoint.part("model", tensors))
        session.model.eval()
    return session
