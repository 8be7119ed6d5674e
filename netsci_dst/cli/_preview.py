"""What ``--dry-run`` shows: what would run, how long, how large."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import NetsciError
from ..reading import one_line
from . import _console


def previewed(recipes: Iterable[tuple[str, Any, str]], what: str) -> list[dict[str, Any]]:
    """Return a row per planned run: (place, recipe, status).

    Seeds of one another are measured once; a finished run is not measured. Where a run cannot be
    built here the reason stands in its row.
    """
    from ..recipe_differences import without_seed
    from ..training.preview import preview

    planned = list(recipes)
    known: dict[str, dict[str, Any]] = {}
    rows = []
    with _console.progress(what) as update:
        for place, (path, recipe, status) in enumerate(planned):
            row: dict[str, Any] = {"run": path, "status": status}
            if status != "finished" and recipe is not None:
                key = without_seed(recipe)
                if key not in known:
                    known[key] = _measured(preview, recipe)
                row |= known[key] | {"seed": recipe.seed}
            rows.append(row)
            update(place + 1, len(planned), path)
    return rows


def _measured(preview: Any, recipe: Any) -> dict[str, Any]:
    try:
        return preview(recipe).to_dict()
    except NetsciError as error:
        return {"method": recipe.method, "data": recipe.data, "error": one_line(error)}


def show(rows: list[dict[str, Any]], json: bool) -> None:
    """Print rows and what they come to together; nothing was trained or written."""
    if json:
        _console.result_json(rows)
        return
    columns = [c for c in _SHOWN if any(row.get(c) is not None for row in rows)]
    _console.table(None, columns, [[row.get(c) for c in columns] for row in rows])
    hours = sum(row.get("hours") or 0.0 for row in rows)
    mib = sum(row.get("mib") or 0.0 for row in rows)
    left = sum(row["status"] != "finished" for row in rows)
    _console.say(
        f"{left} to train: about {_time(hours)} on this machine, one after the other, and "
        f"{mib:,.0f} MiB; topology updates and analysis come on top; nothing was written"
    )


_SHOWN = (
    "run",
    "status",
    "method",
    "data",
    "seed",
    "device",
    "parameters",
    "links",
    "steps",
    "updates",
    "snapshots",
    "step_ms",
    "hours",
    "mib",
    "error",
)


def _time(hours: float) -> str:
    if hours >= 2:
        return f"{hours:.1f} hours"
    return f"{60 * hours:.0f} minutes" if hours >= 1 / 30 else f"{3600 * hours:.0f} seconds"
