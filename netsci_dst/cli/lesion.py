"""``netsci-dst lesion``: accuracy as neurons are removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import _completion, _console

if TYPE_CHECKING:
    from ..topology import Topology

PANEL = "Understand"


def command(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Trained runs, folders of runs, glob patterns, URLs.",
            autocompletion=_completion.runs,
        ),
    ],
    shares: Annotated[
        str, typer.Option(help="Shares of the hidden neurons to remove, with commas between.")
    ] = "0,0.01,0.02,0.05,0.1,0.2,0.3,0.5",
    seed: Annotated[int, typer.Option(help="Seed of the random order.")] = 0,
    csv: Annotated[str | None, typer.Option(help="Write all values to this CSV file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Remove hidden neurons by degree, by coreness and at random, and measure what is left.

    The values are kept with the run, in analysis/lesion.parquet.
    """
    from ..run import load_run
    from ..run_library import find_runs
    from ..training.lesion import lesion

    try:
        wanted = [float(part) for part in shares.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{shares!r} are not numbers") from None
    if not all(0 <= share <= 1 for share in wanted):
        raise typer.BadParameter("shares lie between 0 and 1")
    found = find_runs(runs)
    rows: list[dict[str, Any]] = []
    for path in found:
        opened = load_run(path)
        orders = _orders(opened.snapshots[-1].topology, seed)
        with _console.progress("lesions", "evaluations") as update:
            own = lesion(opened, orders, wanted, progress=update)
        opened.replace("analysis/lesion", own)
        rows += own if len(found) == 1 else [{"run": path} | row for row in own]
    if csv:
        _console.write_csv(rows, csv, "values")
    if json:
        _console.result_json(rows)
    else:
        _console.table(None, list(rows[0]), [list(row.values()) for row in rows])


def _orders(topology: Topology, seed: int) -> dict[str, list[tuple[str, int]]]:
    from ..analysis.structure.robustness import ORDERS, removal_order

    place = [(p.name, i) for p in topology.graph_populations for i in range(p.size)]
    hidden = {p.name for p in topology.graph_populations if p.role == "hidden"}
    return {
        order: [place[n] for n in removal_order(topology, order, seed) if place[n][0] in hidden]
        for order in ORDERS
    }
