"""``netsci-dst rm``: delete runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from . import _completion, _console

PANEL = "Runs"


def command(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Runs, folders of runs, glob patterns, URLs.", autocompletion=_completion.runs
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Only say what would be deleted.")
    ] = False,
) -> None:
    """Delete runs with all that is in their folders; ask before, and never delete anything else."""
    from ..run_library import delete_run, find_runs

    found = find_runs(runs)
    if dry_run:
        for path in found:
            _console.result(path)
        return
    if not yes:
        for path in found:
            _console.say(path)
        if not sys.stdin.isatty():
            raise typer.BadParameter("nobody can be asked here: give --yes")
        many = "this run" if len(found) == 1 else f"these {len(found)} runs"
        typer.confirm(f"Delete {many}?", abort=True, err=True)
    for path in found:
        delete_run(path)
        _console.say(f"deleted {path}")
