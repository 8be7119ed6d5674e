"""``netsci-dst list``: what is known by name."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from . import _console

PANEL = "Look"

_KINDS = {
    "methods": "method",
    "models": "model",
    "data": "data",
    "measures": "measure",
    "initialisers": "initialiser",
    "removals": "removal",
    "regrowths": "regrowth",
    "schedules": "density schedule",
    "predictors": "link predictor",
    "allocations": "allocation",
    "weights": "initial weights",
    "optimizers": "optimizer",
    "rates": "lr schedule",
    "tasks": "task",
    "formats": "format",
    "nulls": "null model",
}
Kind = StrEnum("Kind", {name: name for name in [*_KINDS, "recipes"]})


def command(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],  # type: ignore[valid-type]
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Two methods, or two recipes: print in what they differ."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List what is known: methods, models, data, measures, parts, built in or added; recipes."""
    from .. import registry

    if compare is not None:
        _compare(kind.value, *compare, json)
        return
    if kind.value == "recipes":
        _recipes(json)
        return
    entries = registry.listing(_KINDS[kind.value])
    if json:
        _console.result_json(
            [
                {"name": e.name, "summary": e.summary, "source": e.source, **dict(e.metadata)}
                for e in entries
            ]
        )
        return
    facts = sorted({key for e in entries for key in e.metadata if key in ("tier", "takes")})
    _console.table(
        None,
        ["name", *facts, "what it is", "source"],
        [[e.name, *(e.metadata.get(k) for k in facts), e.summary, e.source] for e in entries],
    )


def _recipes(json: bool) -> None:
    from ..recipe import shipped_recipe, shipped_recipes

    known = []
    for name in shipped_recipes():
        first = shipped_recipe(name).read_text(encoding="utf-8").partition("\n")[0]
        known.append({"name": name, "summary": first.lstrip("# ")})
    if json:
        _console.result_json(known)
    else:
        _console.table(None, ["name", "what it is"], [[r["name"], r["summary"]] for r in known])


def _compare(kind: str, one: str, other: str, json: bool) -> None:
    """Print the settings in which two methods or two recipes differ."""
    from ..recipe_differences import differences

    if kind not in ("methods", "recipes"):
        raise typer.BadParameter("--compare is for methods and recipes")
    rows = differences(one, other, "method" if kind == "methods" else "recipe")
    if json:
        _console.result_json([{"setting": s, one: a, other: b} for s, a, b in rows])
    elif rows:
        _console.table(None, ["setting", one, other], [list(row) for row in rows])
    else:
        _console.say(f"{one} and {other} do not differ")
