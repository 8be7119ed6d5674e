"""``netsci-dst sweep``: many runs, resumable, in parallel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from . import _completion, _console, _preview
from ._recipe_options import resolve, say_dropped, with_hidden, with_recipe_options

PANEL = "Train"


def command(
    recipe: Annotated[
        str | None,
        typer.Argument(
            help="A recipe that the runs share, by name, file or run folder; options below change "
            "it.",
            autocompletion=_completion.recipes,
        ),
    ] = None,
    out: Annotated[str, typer.Option("--out", "-o", help="Folder of the runs.")] = "runs/sweep",
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--grid",
            "--vary",
            help="field=value,value,… such as method=set,chts or zeta=0.1,0.2; group.key=… varies "
            "an option, however deep; a value that is a list as [1,2]. All combinations are run.",
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", min=1, help="Runs of each combination: seeds 0, 1, …")
    ] = None,
    hidden: Annotated[
        str | None, typer.Option(help="Sizes of an MLP's hidden layers, with commas between.")
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any field, as key=value or group.key=value; may be repeated."),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Runs at a time.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler whose workers train.")
    ] = None,
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
    """Train every combination of what varies; finished runs are kept, stopped ones go on."""
    from ..training.sweep import plan, status_of, sweep

    fields: dict[str, list[object]] = {}
    for item in vary or ():
        name, equals, values = item.partition("=")
        if not equals:
            raise typer.BadParameter(f"{item!r} is not of the form field=value,value")
        fields[name.strip()] = [_console.value_of(value) for value in _split(values)]
    if seeds is not None:
        if "seed" in fields:
            raise typer.BadParameter("give --seeds or --grid seed=…, not both")
        fields["seed"] = list(range(seeds))
    base = resolve(recipe, with_hidden(asked, hidden), setting)
    say_dropped(base, *fields.get("method", ()))
    if dry_run:
        planned = [(run.path, run.recipe, status_of(run)) for run in plan(base, out, fields)]
        _preview.show(_preview.previewed(planned, "measuring"), json)
        return
    with _console.progress("runs") as update, _console.told_how_to_go_on():
        runs = sweep(base, out, fields, jobs=jobs, scheduler=scheduler, progress=update)
    if json:
        _console.result_json(
            [{"run": r.path, "status": r.status, "reason": r.reason} for r in runs]
        )
    else:
        for run in runs:
            _console.result(f"{run.path}\t{run.status}\t{run.reason}".rstrip())
    if any(run.status == "failed" for run in runs):
        raise typer.Exit(1)


def _split(values: str) -> list[str]:
    """Split at the commas that are in no bracket."""
    parts, depth = [""], 0
    for character in values:
        depth += character in "[{"
        depth -= character in "]}"
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def full_command() -> Callable[..., Any]:
    """Return the command with an option for each field of the recipe."""
    return with_recipe_options(command)
