"""``netsci-dst cp``: copy a run."""

from __future__ import annotations

from typing import Annotated

import typer

from . import _completion, _console, _subjects

PANEL = "Runs"


def command(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN… TO",
            help="Runs, and last the new place, or a folder to copy into.",
            autocompletion=_completion.runs,
        ),
    ],
    overwrite: _subjects.Overwrite = False,
) -> None:
    """Copy runs, also to and from URLs such as s3://bucket/runs."""
    from ..run import Run
    from ..run_library import copy_run, find_runs, is_run
    from ..store import Store

    if len(runs) < 2:
        raise typer.BadParameter("name a run and the place to copy it to")
    *given, to = runs
    found = find_runs(given)
    into = len(found) > 1 or (Store(to).exists() and not is_run(to))
    for path in found:
        place = f"{to.rstrip('/')}/{Run(Store(path)).name}" if into else to
        _subjects.make_room(place, overwrite, [path])
        _console.result(copy_run(path, place))
