"""``netsci-dst resume``: finish a run that was stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from . import _console
from ._training import show_training

PANEL = "Train"


def command(
    run: Annotated[str, typer.Argument(help="A run folder or URL.")],
) -> None:
    """Go on with a run that was stopped, from its last checkpoint, bit for bit."""
    from ..training import resume

    with show_training("resuming") as progress:
        finished = resume(run, progress=progress)
    _console.result(finished.path)
