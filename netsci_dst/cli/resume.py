"""``netsci-dst resume``: finish a run that was stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from . import _completion, _console
from ._training import is_first_process, show_training

PANEL = "Train"


def command(
    run: Annotated[
        str, typer.Argument(help="A run folder or URL.", autocompletion=_completion.runs)
    ],
) -> None:
    """Go on with a run that was stopped, from its last checkpoint, bit for bit.

    An import that was stopped goes on, too.
    """
    if _is_import(run):
        from ..exchange.import_events import continue_events
        from ..exchange.import_run import continue_import
        from ..run import load_run

        begun = load_run(run)
        of_events = "states" in begun.recipe["imported"]
        _console.result((continue_events if of_events else continue_import)(begun).path)
        return
    from ..training import resume

    with show_training("resuming") as progress:
        finished = resume(run, progress=progress)
    if is_first_process():
        _console.result(finished.path)


def _is_import(path: str) -> bool:
    from ..run import PROVENANCE, load_run
    from ..store import Store

    return Store(path).exists(PROVENANCE) and "imported" in load_run(path).recipe
