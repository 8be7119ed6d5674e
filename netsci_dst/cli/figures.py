"""``netsci-dst figures``: the figures of a run for papers."""

from __future__ import annotations

from typing import Annotated

import typer

from . import _console

PANEL = "Understand"


def command(
    run: Annotated[str, typer.Argument(help="A run folder or URL.")],
    out: Annotated[str, typer.Option("--out", "-o", help="Folder for the files.")] = "figures",
    format: Annotated[str, typer.Option(help="pdf, svg or png.")] = "pdf",
    only: Annotated[
        str | None, typer.Option(help="Only these figures, with commas between.")
    ] = None,
) -> None:
    """Draw every figure of a run's report with matplotlib, one file each."""
    from ..reports import figures
    from ..run import load_run

    names = _console.names(only)
    for path in figures(load_run(run), out, format=format, only=names):  # type: ignore[arg-type]
        _console.result(str(path))
