"""``netsci-dst export``: a snapshot as a file that other programs read."""

from __future__ import annotations

from typing import Annotated

import typer

from . import _completion, _console

PANEL = "Exchange"


def command(
    run: Annotated[
        str, typer.Argument(help="A run folder or URL.", autocompletion=_completion.runs)
    ],
    out: Annotated[str, typer.Option("--out", "-o", help="The file to write.")],
    step: Annotated[int | None, typer.Option(help="Which snapshot; the last by default.")] = None,
    format: Annotated[
        str | None,
        typer.Option(
            help="graphml, gexf, gml, edgelist, json, mat, npz, pytorch, onnx or pyg; "
            "by default as the file's ending says."
        ),
    ] = None,
) -> None:
    """Write one snapshot in another program's format."""
    from ..exchange import export
    from ..run import load_run

    _console.result(export(load_run(run), out, format, step))
