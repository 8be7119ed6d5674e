"""How results depend on two fields of the recipe: tables and heat maps over a grid of runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import UnknownName
from ...recipe_differences import fields_apart, settings_of
from ..chart import Heat, Panel
from .model import COSTS, STRUCTURE, Comparison

if TYPE_CHECKING:
    import pandas as pd

# Shown first, as far as they were recorded; hubs: the share of paths through one.
SHOWN = (
    *("metric", "anp", "itop", "credit paths: hub share every", "training_flops_links", "wall_s"),
)
TITLES = {
    "credit paths: hub share every": "share of paths through hubs",
    **{name: title for name, (title, _) in COSTS.items()},
    **{name: title for name, (title, _) in STRUCTURE.items()},
}


def varied(comparison: Comparison) -> list[str]:
    """Return the fields in which the runs differ, those with most values first.

    Options that go with a method's name, one value for each, are told by the name.
    """
    recipes = [run.recipe for run in comparison.runs if run.recipe]
    if len(recipes) < 2:
        return []
    tables = [settings_of(recipe) for recipe in recipes]
    counts = {}
    methods = {str(table.get("method")) for table in tables}
    for key in fields_apart(recipes):
        if key == "seed":
            continue
        values = {str(table.get(key)) for table in tables}
        pairs = {(str(table.get("method")), str(table.get(key))) for table in tables}
        if key == "method" or len(methods) == 1 or len(pairs) > len(methods):
            counts[key] = len(values)
    return sorted(counts, key=lambda key: (-counts[key], key))


def crossed(frame: pd.DataFrame, fields: list[str]) -> tuple[str, str] | None:
    """Return the two fields that cross in most cells; None where no two cross."""
    best: tuple[int, tuple[str, str] | None] = (3, None)
    for i, x in enumerate(fields[:12]):
        for y in fields[i + 1 : 12]:
            a, b = frame[x].astype(str), frame[y].astype(str)
            cells = len(set(zip(a, b)))
            if cells > max(best[0], a.nunique(), b.nunique()):
                best = (cells, (x, y))
    return best[1]


def grid(comparison: Comparison) -> pd.DataFrame:
    """Return a row for each run: the fields that vary, then every final value."""
    import pandas as pd

    fields = varied(comparison)
    rows = []
    for run, values in zip(comparison.runs, comparison.values):
        table = settings_of(run.recipe) if run.recipe else {}
        rows.append({**{key: table.get(key) for key in fields}, **values})
    return pd.DataFrame(rows)


def heat_map(
    frame: pd.DataFrame,
    x: str,
    y: str,
    quantity: str,
    facet: str | None = None,
    title: str = "",
    share: bool = False,
) -> Heat:
    """Return the mean of a quantity over two fields, small multiples for a third.

    Parameters
    ----------
    frame
        A row for each run, as `grid` gives it, or the lines of an experiment.
    x, y, facet
        Fields, columns of the frame.
    quantity
        The column that is averaged over the runs of a cell.

    Raises
    ------
    UnknownName
        If the frame has no such column.
    """
    for name in (x, y, quantity, *([facet] if facet else [])):
        if name not in frame:
            raise UnknownName("column", name, map(str, frame.columns))
    across, down = levels(frame[x]), levels(frame[y])
    parts: Sequence[Any] = levels(frame[facet]) if facet else [None]
    panels = []
    for part in parts:
        here = frame if facet is None else frame[frame[facet].astype(str) == str(part)]
        cells = np.full((len(down), len(across)), np.nan)
        for i, b in enumerate(down):
            for j, a in enumerate(across):
                mine = here[(here[x].astype(str) == str(a)) & (here[y].astype(str) == str(b))]
                values = mine[quantity].astype(float).dropna()
                if len(values):
                    cells[i, j] = values.mean() * (100 if share else 1)
        name = "" if facet is None else f"{_short(facet)} {part}"
        panels.append(Panel(name, cells, [str(a) for a in across], [str(b) for b in down]))
    said = title or TITLES.get(quantity, quantity)
    unit = " (%)" if share else ""
    return Heat(
        f"sensitivity-{quantity}",
        f"{said[0].upper()}{said[1:]}",
        f"{said}{unit}",
        tuple(panels),
        _short(x),
        _short(y),
        from_zero=False,
        measure=said,
    )


def levels(values: Any) -> list[Any]:
    """Return the different values in order: numbers by size, else as they come."""
    found = list(dict.fromkeys(str(v) for v in values if v is not None))
    try:
        return sorted(found, key=float)
    except ValueError:
        return found


def _short(field: str) -> str:
    return field.rpartition(".")[2].replace("_", " ")
