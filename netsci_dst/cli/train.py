"""``netsci-dst train``: a run out of a recipe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from . import _completion, _console, _preview, _subjects
from ._recipe_options import resolve, with_hidden, with_recipe_options
from ._training import is_first_process, show_training, with_loggers

PANEL = "Train"


def command(
    recipe: Annotated[
        str | None,
        typer.Argument(
            help="A recipe, by name, file or run folder; options below change it.",
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
    mlflow: Annotated[
        str | None, typer.Option(metavar="EXPERIMENT", help="Also log to MLflow.")
    ] = None,
    wandb: Annotated[
        str | None,
        typer.Option(
            metavar="PROJECT",
            help="Also log to Weights & Biases; kept here unless WANDB_MODE=online.",
        ),
    ] = None,
    overwrite: _subjects.Overwrite = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", "-n", help="Say what would run, how long and how large; write nothing."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
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
    if dry_run:
        _preview.show(_preview.previewed([(place, resolved, "new")], "measuring"), json)
        return
    if is_first_process():
        _subjects.make_room(place, overwrite, filter(None, [resolved.init_from]))
    with show_training(resolved.method) as progress:
        board = f"{place}/tensorboard" if tensorboard else None
        progress = with_loggers(progress, board, mlflow, wandb)
        run = train(resolved, out=place, progress=progress)
    if not is_first_process():
        return
    if json:
        from ..run_library import summary

        _console.result_json(summary(run.path))
    else:
        _console.result(run.path)


def full_command() -> Callable[..., Any]:
    """Return the command with an option for each field of the recipe."""
    return with_recipe_options(command)
