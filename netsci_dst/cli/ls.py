"""``netsci-dst ls``: the runs in a folder, and what each came to."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from . import _completion, _console

PANEL = "Runs"
_FIRST = ("run", "status", "data", "method", "sparsity", "seed", "epoch")
_LAST = ("best", "snapshots", "hours", "tags")
_LEFT_OUT = ("model", "lr", "wall_s", "samples_per_s", "aae", "started", "error")


def command(
    places: Annotated[
        list[str] | None,
        typer.Argument(
            help="Runs, folders of runs, glob patterns, URLs. Default: runs.",
            autocompletion=_completion.runs,
            show_default=False,
        ),
    ] = None,
    sort: Annotated[
        str | None, typer.Option("--sort", "-s", help="Column to sort by, such as accuracy.")
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", "-r", help="Largest first.")] = False,
    columns: Annotated[
        str | None,
        typer.Option(
            help="Columns, with commas between; recipe fields too, as lr or method_options.zeta."
        ),
    ] = None,
    tag: Annotated[str | None, typer.Option(help="Only runs with this tag.")] = None,
    status: Annotated[
        str | None,
        typer.Option(help="Only finished, running, interrupted, failed or damaged runs."),
    ] = None,
    csv: Annotated[str | None, typer.Option(help="Write all rows to this CSV file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List runs with data, method, seed, last metrics, tags; a folder is searched however deep."""
    from ..run_library import find_runs, summary

    rows = [summary(path) for path in find_runs(places or ["runs"])]
    rows = [row for row in rows if tag is None or tag in row.get("tags", ())]
    rows = [row for row in rows if status is None or row["status"] == status]
    wanted = _console.names(columns)
    if wanted or sort:
        rows = [_with_fields(row, [*(wanted or ()), *([sort] if sort else ())]) for row in rows]
    if sort:
        rows = _sorted(rows, sort, reverse)
    if csv:
        _console.write_csv([{k: _cell(v) for k, v in row.items()} for row in rows], csv, "runs")
    if json:
        _console.result_json(rows)
        return
    shown = ["run", *wanted] if wanted else _columns(rows)
    _console.table(None, shown, [[_cell(row.get(key)) for key in shown] for row in rows])
    for row in rows:
        if "error" in row:
            _console.say(f"{row['run']}: {row['error']}")


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    known = list(dict.fromkeys(key for row in rows for key in row))
    metrics = [key for key in known if key not in (*_FIRST, *_LAST, *_LEFT_OUT)]
    order = [*_FIRST, *metrics, *_LAST]
    return [key for key in order if any(row.get(key) not in (None, []) for row in rows)]


def _with_fields(row: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Add fields of the recipe that are asked for by their dotted names."""
    missing = [name for name in names if name not in row]
    if not missing or row["status"] == "damaged":
        return row
    from ..run import load_run

    recipe = load_run(row["run"]).recipe
    return row | {name: _field(recipe, name) for name in missing}


def _field(recipe: Any, name: str) -> Any:
    for part in name.split("."):
        recipe = recipe.get(part) if isinstance(recipe, dict) else None
    return recipe


def _sorted(rows: list[dict[str, Any]], by: str, reverse: bool) -> list[dict[str, Any]]:
    """Sort; runs that have no such value come last either way."""
    has = [row for row in rows if row.get(by) is not None]
    if not has:
        known = sorted({key for row in rows for key in row})
        raise typer.BadParameter(f"no run has {by!r}; there are {', '.join(known)}")
    numbers = all(isinstance(row[by], (int, float)) for row in has)
    has.sort(key=lambda row: row[by] if numbers else str(row[by]), reverse=reverse)
    return [*has, *(row for row in rows if row.get(by) is None)]


def _cell(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list) else value
