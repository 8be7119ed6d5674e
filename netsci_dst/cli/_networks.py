"""Networks named on the command line: the options that say how they are read, and what was read."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from . import _console

PANEL = "Files of networks"
Columns = Annotated[
    str | None,
    typer.Option(
        help="Roles of the columns of an edge list: source,target,weight; - leaves one out.",
        rich_help_panel=PANEL,
    ),
]
Separator = Annotated[
    str | None,
    typer.Option(help="What separates columns: tab, comma, …", rich_help_panel=PANEL),
]
Directed = Annotated[
    bool | None,
    typer.Option(
        "--directed/--undirected",
        help="Whether links are directed; by default as the file says.",
        rich_help_panel=PANEL,
    ),
]
Form = Annotated[
    str | None,
    typer.Option(help="Form of the file: edges, matrix, sif, metis, …", rich_help_panel=PANEL),
]
Comments = Annotated[
    str | None,
    typer.Option(
        help="What begins a comment line of an edge list; none: nothing does. [default: #%]",
        rich_help_panel=PANEL,
    ),
]


def options(
    columns: str | None,
    separator: str | None,
    directed: bool | None,
    form: str | None,
    comments: str | None,
) -> dict[str, Any]:
    """Return the options of `netsci_dst.read_network` that were given."""
    given = {"columns": columns, "separator": separator, "directed": directed, "form": form}
    given["comments"] = comments
    return {key: value for key, value in given.items() if value is not None}


def opened(items: list[str], given: dict[str, Any]) -> list[Any]:
    """Return a snapshot for each file and the others as they are; say what was read."""
    return [_opened(item, given) for item in items]


def _opened(item: str, given: dict[str, Any]) -> Any:
    from ..exchange.networks import STANDARD_INPUT, names_a_file, read_snapshot

    if not names_a_file(item):
        return item

    snapshot = read_snapshot(item, **given)
    if "read" in snapshot.extra:
        name = "standard input" if item in STANDARD_INPUT else item
        _console.say(f"{name}: {snapshot.extra['read']}")
    return snapshot
