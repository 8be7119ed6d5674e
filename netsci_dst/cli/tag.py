"""``netsci-dst tag``: words by which runs are found again."""

from __future__ import annotations

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
    add: Annotated[
        list[str] | None, typer.Option("--add", "-a", help="A tag to add; may be repeated.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", "-d", help="A tag to remove; may be repeated.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Add tags to runs, remove them, or show them; `netsci-dst ls --tag` finds runs by them."""
    from ..run import load_run
    from ..run_library import find_runs, tag, tags

    rows = []
    for path in find_runs(runs):
        run = load_run(path)
        now = tag(run, add or (), remove or ()) if add or remove else tags(run)
        rows.append({"run": path, "tags": now})
    if json:
        _console.result_json(rows)
    else:
        for row in rows:
            _console.result(f"{row['run']}\t{', '.join(row['tags'])}".rstrip())
