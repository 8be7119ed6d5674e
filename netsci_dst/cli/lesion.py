"""``netsci-dst lesion``: accuracy as neurons are removed."""

from __future__ import annotations

from typing import Annotated

import typer

from . import _console

PANEL = "Understand"


def command(
    run: Annotated[str, typer.Argument(help="A trained run.")],
    shares: Annotated[
        str, typer.Option(help="Shares of the hidden neurons to remove, with commas between.")
    ] = "0,0.01,0.02,0.05,0.1,0.2,0.3,0.5",
    seed: Annotated[int, typer.Option(help="Seed of the random order.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Remove hidden neurons by degree, by coreness and at random, and measure what is left.

    The values are kept with the run, in analysis/lesion.parquet.
    """
    from ..analysis.robustness import removal_orders
    from ..run import load_run
    from ..training.lesion import lesion

    try:
        wanted = [float(part) for part in shares.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{shares!r} are not numbers") from None
    if not all(0 <= share <= 1 for share in wanted):
        raise typer.BadParameter("shares lie between 0 and 1")
    opened = load_run(run)
    orders = removal_orders(opened.snapshots[-1].topology, seed=seed)
    with _console.progress("lesions", "evaluations") as update:
        rows = lesion(opened, orders, wanted, progress=update)
    opened.append("analysis/lesion", rows)
    if json:
        _console.result_json(rows)
    else:
        _console.table(None, list(rows[0]), [list(row.values()) for row in rows])
