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
            help="A run folder, URL or pattern, or the folder of a sweep.",
            autocompletion=_completion.runs,
        ),
    ],
    port: Annotated[int, typer.Option(help="Port on this machine; 0 picks a free one.")] = 8765,
) -> None:
    """Serve the growing report on localhost, updating in place, until Ctrl-C."""
    from ..errors import RunError
    from ..reports import watch
    from ..run_library import matching
    from ._subjects import one_of

    found = matching(run)
    if not found:
        raise RunError(f"nothing matches {run}")
    watch(one_of(found, "run or folder of runs"), port=port, opened=_console.result)
