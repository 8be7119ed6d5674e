"""What ``--dry-run`` shows: what would run, how long, how large."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import typer

from ..errors import NetsciError
from ..reading import one_line
from . import _console

if TYPE_CHECKING:
    from ..reproduction import Planned

# Recipes are measured one after the other for no longer than this.
_SECONDS = 20.0


def previewed(recipes: Iterable[tuple[str, Any, str]], what: str) -> list[dict[str, Any]]:
    """Return a row per planned run: (place, recipe, status).

    Data are read once. Seeds of one another are measured once, and no more recipes than fit into
    a short time; a finished run is not measured. Where a run cannot be built here the reason
    stands in its row.
    """
    from ..recipe_differences import without_seed

    planned = list(recipes)
    known: dict[str, dict[str, Any]] = {}
    datasets: dict[str, Any] = {}
    rows = []
    begun = time.process_time()
    with _console.progress(what) as update:
        for place, (path, recipe, status) in enumerate(planned):
            row: dict[str, Any] = {"run": path, "status": status}
            if status != "finished" and recipe is not None:
                key = without_seed(recipe)
                if key not in known and (not known or time.process_time() - begun < _SECONDS):
                    known[key] = _measured(recipe, datasets)
                row |= known.get(key) or _asked(recipe)
                row |= {"seed": recipe.seed}
            rows.append(row)
            update(place + 1, len(planned), path)
    return rows


def _measured(recipe: Any, datasets: dict[str, Any]) -> dict[str, Any]:
    from ..training.build import load_data
    from ..training.preview import preview

    data = repr((recipe.data, recipe.data_options))
    try:
        if data not in datasets:
            datasets.clear()  # one at a time in memory
            datasets[data] = load_data(recipe)
        return preview(recipe, dataset=datasets[data]).to_dict()
    except NetsciError as error:
        return {"method": recipe.method, "data": recipe.data, "error": one_line(error)}


def reckoned(task: Planned) -> dict[str, Any]:
    """Return the row of a run of an experiment, by what such runs took before."""
    row: dict[str, Any] = {"run": task.run, "status": task.status}
    if task.recipe is not None:
        row |= _asked(task.recipe) | {"steps": task.steps}
    if task.seconds is not None:
        row |= {"hours": task.seconds / 3600, "told_by": task.told_by}
    return row


def _asked(recipe: Any) -> dict[str, Any]:
    device = None if recipe.device == "auto" else recipe.device
    asked = {"method": recipe.method, "data": recipe.data, "seed": recipe.seed, "device": device}
    return asked | {"epochs": None if recipe.steps else recipe.epochs}


def show(rows: list[dict[str, Any]], json: bool) -> None:
    """Print rows and what they come to together; nothing was trained or written.

    Raises
    ------
    typer.Exit
        With 1, if one could not be built.
    """
    failed = sum("error" in row for row in rows)
    if json:
        _console.result_json(rows)
    else:
        _show(rows, failed)
    if failed:
        raise typer.Exit(1)


def _show(rows: list[dict[str, Any]], failed: int) -> None:
    columns = [c for c in _SHOWN if any(row.get(c) is not None for row in rows)]
    _console.table(None, columns, [[row.get(c) for c in columns] for row in rows])
    hours = sum(row.get("hours") or 0.0 for row in rows)
    mib = sum(row.get("mib") or 0.0 for row in rows)
    left = [row for row in rows if row["status"] == "new" or "method" in row]
    told = [row for row in left if row.get("hours") is not None]
    unknown = len(left) - len(told) - failed
    words = [f"{len(left)} to train"]
    if told and mib:
        ends = [sum(row.get(f"hours_{end}") or 0.0 for row in told) for end in ("low", "high")]
        sure = f" ({_time(ends[0])} to {_time(ends[1])})" if ends[1] else ""
        words += [f"about {_time(hours)}{sure} on this machine as busy as it is, one after the "
                  f"other, and {mib:,.0f} MiB"]  # fmt: skip
        words += ["analysis comes on top"]
    elif told:
        own = sum(row.get("told_by") == "row" for row in told)
        sure = (
            "" if own == len(told) else f" ({own} by their own row, the others by rows like them)"
        )
        words += [f"about {_time(hours)} of processor time, by runs made before{sure}"]
    if unknown:
        words += [f"{unknown} of them not counted, as their time is unknown"]
        words[-1] += "" if mib else " (--measure makes a few steps of each)"
    _console.say("; ".join([*words, "nothing was written"]))


_SHOWN = (
    "run",
    "status",
    "method",
    "data",
    "seed",
    "device",
    "epochs",
    "parameters",
    "links",
    "steps",
    "updates",
    "snapshots",
    "step_ms",
    "update_ms",
    "hours",
    "told_by",
    "mib",
    "error",
)


def _time(hours: float) -> str:
    if hours >= 2:
        return f"{hours:.1f} hours"
    return f"{60 * hours:.0f} minutes" if hours >= 1 / 30 else f"{3600 * hours:.0f} seconds"
