"""``netsci-dst watch``: the report of runs that are still training."""

from __future__ import annotations

from typing import Annotated

import typer

from . import _completion, _console

PANEL = "Understand"


def command(
    run: Annotated[
        str,
        typer.Argument(
            help="A run folder or URL, or the folder of a sweep.", autocompletion=_completion.runs
        ),
    ],
    port: Annotated[int, typer.Option(help="Port on this machine; 0 picks a free one.")] = 8765,
) -> None:
    """Serve the growing report on localhost, updating in place, until Ctrl-C."""
    from ..reports import watch

    watch(run, port=port, opened=_console.result)
