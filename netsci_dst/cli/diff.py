"""``netsci-dst diff``: in what two runs differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from . import _completion, _console

PANEL = "Runs"
_PARTS = ("versions", "machine", "data", "compute")


def command(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Two runs, or a folder or pattern with two.", autocompletion=_completion.runs
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print in what two runs differ: recipe, versions, machine, data, results.

    Results stand in full, with the second minus the first.
    """
    from ..errors import RunError
    from ..recipe_differences import settings_apart
    from ..run import load_run
    from ..run_library import find_runs, is_plan

    found = [run for item in runs if not is_plan(item) for run in find_runs(item)]
    if len(found) != 2:
        raise RunError(
            f"this command takes two runs, and here are {len(found)}: {', '.join(found)}"
        )
    one, other = found
    first, second = load_run(one), load_run(other)
    rows = [("recipe", key, a, b) for key, a, b in settings_apart(first.recipe, second.recipe)]
    made = first.provenance, second.provenance
    for part in _PARTS:
        rows += [(part, *row) for row in _apart(*(facts.get(part) or {} for facts in made))]
    rows += [("run", *row) for row in _apart(*({"status": facts.get("status")} for facts in made))]
    results = _results(first, second)
    if json:
        apart = [{"part": p, "setting": k, one: a, other: b} for p, k, a, b in rows]
        named = [{"metric": k, one: a, other: b, "difference": d} for k, a, b, d in results]
        _console.result_json({"differs": apart, "results": named})
        return
    if rows:
        _console.table(None, ["part", "setting", one, other], [list(row) for row in rows])
    else:
        _console.say("recipe, versions, machine and data are the same")
    if results:
        _console.table(
            "results", ["metric", one, other, "difference"], [list(row) for row in results]
        )


def _apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    keys = sorted({*one, *other})
    return [(key, one.get(key), other.get(key)) for key in keys if one.get(key) != other.get(key)]


def _results(one: Any, other: Any) -> list[tuple[str, Any, Any, Any]]:
    first, second = _last(one), _last(other)
    rows = []
    for key in dict.fromkeys([*first, *second]):
        a, b = first.get(key), second.get(key)
        rows.append((key, a, b, None if a is None or b is None else b - a))
    return rows


def _last(run: Any) -> dict[str, float]:
    """Return the last evaluation and the number of links of the last snapshot."""
    table = run.metrics
    numbers = table.iloc[-1].dropna().items() if len(table) else ()
    found = {str(k): float(v) for k, v in numbers if isinstance(v, (int, float))}
    if len(run.snapshots):
        found["links"] = float(run.snapshots[-1].topology.n_links)
    return found
