"""``netsci-dst verify``: are runs what they say they are?"""

from __future__ import annotations

from typing import Annotated

import typer

from . import _completion, _console

PANEL = "Look"


def command(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Runs, folders of runs, glob patterns, URLs.", autocompletion=_completion.runs
        ),
    ],
    data: Annotated[
        bool, typer.Option(help="Load the data, or the imported files, and compare them.")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read all that is ever read of runs and compare it with its checksums; exit 1 on damage.

    Recipe, provenance, tables, snapshots, checkpoints and analysis; whether the version of the code
    and the data are those of a run, and whether an import is whole.
    """
    from ..run_library import find_runs
    from ..verification import verify_all

    runs = find_runs(runs) if len(runs) == 1 else [one for run in runs for one in _found(run)]
    checked = []
    for entry in verify_all(runs, data):
        checked.append(entry)
        if json:
            continue
        if len(runs) > 1:
            _console.result(f"{entry['run']}: {entry['verdict']}")
        for finding in entry["findings"]:
            _console.result(f"{'  ' * (len(runs) > 1)}{finding.verdict:8} {finding.what}")
    if json:
        plain = [{**e, "findings": [f._asdict() for f in e["findings"]]} for e in checked]
        _console.result_json(plain)
    if any(entry["verdict"] == "damaged" for entry in checked):
        raise typer.Exit(1)


def _found(run: str) -> list[str]:
    """Return the runs of one name among several; a name of none, to be called damaged."""
    from ..errors import RunError
    from ..run_library import find_runs

    try:
        return find_runs(run)
    except RunError:
        return [run]
