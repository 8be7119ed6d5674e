"""``netsci-dst report``: one HTML file about one run, or several compared."""

from __future__ import annotations

from typing import Annotated

import typer

from . import _console

PANEL = "Understand"


def command(
    runs: Annotated[list[str], typer.Argument(help="One run, or several to compare.")],
    out: Annotated[str | None, typer.Option("--out", "-o", help="The HTML file.")] = None,
    title: Annotated[str | None, typer.Option(help="Title of the page.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="Processes; -1: one per core.")] = 1,
    analyze: Annotated[
        bool, typer.Option(help="Compute the measures that are not there yet.")
    ] = True,
) -> None:
    """Write a report that opens in any browser, offline."""
    from ..reports import report
    from ..run import load_run

    opened = [load_run(run) for run in runs]
    if out is None:
        local = len(opened) == 1 and opened[0].store.is_local
        out = opened[0].store.path("report.html") if local else "report.html"
    if analyze:
        from ..analysis import analyze as compute

        with _console.progress("analysing", "measures") as update:
            frame = compute(opened, jobs=jobs, progress=update)
        failed = [note for note in frame.attrs["notes"] if note["status"] == "failed"]
        for note in failed:
            _console.say(f"{note['run']}: {note['measure']} failed: {note['reason']}")
    path = report(opened, out, title=title, analyze=False)
    _console.result(str(path))
