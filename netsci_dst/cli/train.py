"""``netsci-dst train``: a run out of a recipe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from . import _completion, _console
from ._recipe_options import resolve, with_hidden, with_recipe_options
from ._training import show_training

PANEL = "Train"


def command(
    recipe: Annotated[
        str | None,
        typer.Argument(
            help="A recipe, by name or file; options below change it.",
            autocompletion=_completion.recipes,
        ),
    ] = None,
    out: Annotated[
        str | None, typer.Option("--out", "-o", help="The run folder. Default: runs/DATA-METHOD-…")
    ] = None,
    hidden: Annotated[
        str | None, typer.Option(help="Sizes of an MLP's hidden layers, with commas between.")
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any field, as key=value or group.key=value; may be repeated."),
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Also write TensorBoard scalars into the run.")
    ] = False,
    *,
    asked: dict[str, Any],
) -> None:
    """Train a network whose topology evolves, and record it.

    Ctrl-C leaves a run that `netsci-dst resume` continues.
    """
    from ..training import train
    from ..training.trainer import default_folder

    resolved = resolve(recipe, with_hidden(asked, hidden), setting)
    place = out or default_folder(resolved)
    with show_training(resolved.method) as progress:
        if tensorboard:
            from ..training.integrations.tensorboard import TensorBoard

            progress = TensorBoard(f"{place}/tensorboard", progress)
        run = train(resolved, out=place, progress=progress)
    _console.result(run.path)


def full_command() -> Callable[..., Any]:
    """Return the command with an option for each field of the recipe."""
    return with_recipe_options(command)
