"""``netsci-dst verify``: is a run what it says it is?"""

from __future__ import annotations

from typing import Annotated

import typer

from . import _console

PANEL = "Look"


def command(
    run: Annotated[str, typer.Argument(help="A run folder or URL.")],
    data: Annotated[bool, typer.Option(help="Load the data and compare its fingerprint.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check every checksum, and that recipe, data and code version still agree with the run."""
    from ..run import load_run
    from ..training.verification import verify

    findings = verify(load_run(run), data)
    if json:
        _console.result_json([finding._asdict() for finding in findings])
    else:
        for finding in findings:
            _console.result(f"{finding.verdict:8} {finding.what}")
    if any(finding.verdict == "damaged" for finding in findings):
        raise typer.Exit(1)
