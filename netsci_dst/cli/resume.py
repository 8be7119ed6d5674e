"""``netsci-dst resume``: finish a run that was stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from . import _completion, _console
from ._training import is_first_process, show_training

PANEL = "Train"


def command(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Runs, folders of runs, glob patterns, URLs.", autocompletion=_completion.runs
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Go on with runs that were stopped, from their last checkpoint, bit for bit.

    An import that was stopped goes on, too. Of several runs the finished ones stay as they are.
    """
    from ..run_library import find_runs, summary

    found = find_runs(runs)
    done = []
    for path in found:
        if len(found) > 1 and _status(path) == "finished":
            _console.say(f"{path} is finished")
            continue
        done.append(_gone_on(path))
        if not json and is_first_process():
            _console.result(done[-1])
    if json and is_first_process():
        rows = [summary(path) for path in done]
        _console.result_json(rows if len(found) > 1 else rows[0])


def _status(path: str) -> str:
    from ..run import load_run

    return load_run(path).status


def _gone_on(path: str) -> str:
    """Finish a run, and return where it is."""
    if _is_import(path):
        from ..exchange.import_events import continue_events
        from ..exchange.import_run import continue_import
        from ..run import load_run

        begun = load_run(path)
        of_events = "states" in begun.recipe["imported"]
        return (continue_events if of_events else continue_import)(begun).path
    from ..training import resume

    with show_training("resuming") as progress:
        return resume(path, progress=progress).path


def _is_import(path: str) -> bool:
    from ..run import PROVENANCE, load_run
    from ..store import Store

    return Store(path).exists(PROVENANCE) and "imported" in load_run(path).recipe
