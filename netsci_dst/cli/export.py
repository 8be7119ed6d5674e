"""``netsci-dst export``: a snapshot or a network as a file that other programs read."""

from __future__ import annotations

from typing import Annotated

import typer

from . import _completion, _console, _networks

PANEL = "Exchange"


def command(
    run: Annotated[
        str,
        typer.Argument(
            help="A run folder or URL, or a network file of any form ('-': stdin).",
            autocompletion=_completion.runs_or_networks,
        ),
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
    columns: _networks.Columns = None,
    separator: _networks.Separator = None,
    directed: _networks.Directed = None,
    form: _networks.Form = None,
    comments: _networks.Comments = None,
) -> None:
    """Write one snapshot, or a network in a file, in another program's format."""
    from ..exchange import export
    from ..run import load_run
    from ._subjects import expanded, one_of

    run = one_of(expanded([run]), "run or network")
    (opened,) = _networks.opened(
        [run], _networks.options(columns, separator, directed, form, comments)
    )
    if opened is run:
        opened = load_run(run)
    elif step is not None:
        raise typer.BadParameter(f"{run} is a single network: it has no --step")
    _console.result(export(opened, out, format, step))
