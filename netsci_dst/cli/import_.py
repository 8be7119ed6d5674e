"""``netsci-dst import``: a run out of someone else's checkpoints or network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from . import _console, _networks, _subjects

if TYPE_CHECKING:
    from ..run import Run

PANEL = "Exchange"


def command(
    checkpoints: Annotated[
        list[str],
        typer.Argument(
            help="safetensors, .pt, Hugging Face folder, .onnx, .mat, .npz, folder of epoch_*, "
            "or a network of any form ('-': standard input); several become one run."
        ),
    ],
    out: Annotated[str, typer.Option("--out", "-o", help="The run folder to make.")],
    steps: Annotated[
        str | None, typer.Option(help="The step of each checkpoint, with commas between.")
    ] = None,
    threshold: Annotated[
        float, typer.Option(help="Weights of at most this magnitude count as absent.")
    ] = 0.0,
    include: Annotated[list[str] | None, typer.Option(help="Pattern of layer names.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Pattern of layer names.")] = None,
    keep_dense: Annotated[
        bool, typer.Option("--keep-dense", help="List the links of full layers, too.")
    ] = False,
    states: Annotated[
        int | None,
        typer.Option(
            min=2, help="Of a time-stamped list of links: make so many snapshots of its growth."
        ),
    ] = None,
    overwrite: _subjects.Overwrite = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    columns: _networks.Columns = None,
    separator: _networks.Separator = None,
    directed: _networks.Directed = None,
    form: _networks.Form = None,
    comments: _networks.Comments = None,
) -> None:
    """Make a run out of checkpoints of other tools, to analyse and report on."""
    from ..exchange import from_checkpoint, from_events
    from ..run_library import matching

    network = _networks.options(columns, separator, directed, form, comments)
    if states is not None:
        if len(checkpoints) > 1:
            raise typer.BadParameter("--states takes one list of links")
        _subjects.make_room(out, overwrite, [one for one in checkpoints if one != "-"])
        _say(from_events(checkpoints[0], out, states=states, **network), json)
        return
    try:
        taken = [int(part) for part in steps.split(",")] if steps else None
    except ValueError:
        raise typer.BadParameter(f"{steps!r} are not whole numbers") from None
    found = [one for item in checkpoints for one in (matching(item) or [item])]
    _subjects.make_room(out, overwrite, [one for one in found if one != "-"])
    run = from_checkpoint(
        found,  # type: ignore[arg-type]
        out,
        steps=taken,
        threshold=threshold,
        include=include or (),
        exclude=exclude or (),
        keep_dense=keep_dense,
        network=network,
    )
    _say(run, json)


def _say(run: Run, json: bool) -> None:
    from ..run_library import summary

    for snapshot in run.snapshots if len(run.snapshots) <= 20 else ():
        if "read" in snapshot.extra:
            _console.say(str(snapshot.extra["read"]))
    topology = run.snapshots[-1].topology
    n = len(run.snapshots)
    _console.say(f"{n} snapshot{'s' * (n > 1)}, the last with {topology!r}")
    if "wiring" in run.snapshots[-1].extra:
        _console.say(f"the wiring is {run.snapshots[-1].extra['wiring']}")
    if json:
        _console.result_json(summary(run.path))
    else:
        _console.result(run.path)
