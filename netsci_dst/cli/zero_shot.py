"""``netsci-dst zero-shot``: a language model on tasks it was not trained for."""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated, Any

import typer

from . import _completion, _console

PANEL = "Understand"


def command(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Trained runs of language models, folders of runs, glob patterns, URLs.",
            autocompletion=_completion.runs,
        ),
    ],
    tasks: Annotated[
        str | None,
        typer.Option(
            help="Tasks, with commas between. Default: all of the folder, or those of the paper."
        ),
    ] = None,
    best: Annotated[
        bool, typer.Option("--best", help="The best evaluation's checkpoint, not the last.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Examples of each task.")] = None,
    task_folder: Annotated[
        str | None, typer.Option(help="A folder of tasks of your own, as lm-eval's YAML.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Sequences per forward pass.")] = 32,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    csv: Annotated[str | None, typer.Option(help="Write all values to this CSV file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Judge a language model zero-shot on GLUE and SuperGLUE, with Matthews' correlation.

    Needs the extra lm-eval. The values are kept with the run, in analysis/zero_shot.parquet.
    """
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_DISABLE", "1")  # read when lm-eval is imported
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    from ..run import load_run
    from ..run_library import find_runs
    from ..training.zero_shot import keep, zero_shot

    found = find_runs(runs)
    rows: list[dict[str, Any]] = []
    for path in found:
        opened = load_run(path)
        own = zero_shot(
            opened,
            _console.names(tasks),
            which="best" if best else "last",
            limit=limit,
            task_folder=task_folder,
            batch_size=batch_size,
            device=device,
        )
        keep(opened, own)
        rows += own if len(found) == 1 else [{"run": path} | row for row in own]
    if csv:
        _console.write_csv(rows, csv, "values")
    if json:
        _console.result_json(rows)
    else:
        _console.table(None, list(rows[0]), [list(row.values()) for row in rows])
