"""``netsci-dst sweep``: many runs, resumable, in parallel."""

from __future__ import annotations

from typing import Annotated

import typer

from . import _console
from ._recipe_options import merge_settings

PANEL = "Train"


def command(
    recipe: Annotated[str | None, typer.Argument(help="A recipe file that the runs share.")] = None,
    out: Annotated[str, typer.Option("--out", "-o", help="Folder of the runs.")] = "runs/sweep",
    vary: Annotated[
        list[str] | None,
        typer.Option("--vary", help="field=value,value,… such as method=set,chts or seed=0,1,2."),
    ] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="A field for all runs, as key=value.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Runs at a time.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler whose workers train.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train every combination of what varies; finished runs are kept, stopped ones go on."""
    from ..training import load_recipe
    from ..training.sweep import sweep

    fields: dict[str, list[object]] = {}
    for item in vary or ():
        name, equals, values = item.partition("=")
        if not equals:
            raise typer.BadParameter(f"{item!r} is not of the form field=value,value")
        fields[name.strip()] = [_console.value_of(value) for value in values.split(",")]
    base = load_recipe(recipe, **merge_settings({}, setting))
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
