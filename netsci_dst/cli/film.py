"""``netsci-dst film``: the topology as it evolves, as a film."""

from __future__ import annotations

from typing import Annotated

import typer

from . import _completion, _console

PANEL = "Understand"


def command(
    run: Annotated[
        str, typer.Argument(help="A run folder, URL or pattern.", autocompletion=_completion.runs)
    ],
    out: Annotated[
        str, typer.Option("--out", "-o", help="A file that ends in .gif, .webp or .mp4.")
    ] = "film.gif",
    view: Annotated[
        str | None,
        typer.Option(help="disk, network or both; the disk where the embedding is computed."),
    ] = None,
    fps: Annotated[float, typer.Option(help="Frames per second.")] = 8,
    size: Annotated[int, typer.Option(help="Height in pixels.")] = 480,
) -> None:
    """Draw a run's snapshots one after another: watch the network percolate."""
    from ..reports import film
    from ..run import load_run
    from ._subjects import one_run

    with _console.progress("drawing", "frames") as update:
        path = film(
            load_run(one_run(run)),
            out,
            view=view,  # type: ignore[arg-type]
            fps=fps,
            size=size,
            progress=lambda done, total: update(done, total, ""),
        )
    _console.result(str(path))
