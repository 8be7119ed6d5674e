"""``netsci-dst figures``: the figures of a report for papers and slides."""

from __future__ import annotations

from typing import Annotated

import typer

from . import _completion, _console, _first_use, _networks

PANEL = "Understand"


def command(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="A run, or a network file of any form ('-': stdin); several, or a folder of "
            "runs, are compared.",
            autocompletion=_completion.runs_or_networks,
        ),
    ],
    out: Annotated[str, typer.Option("--out", "-o", help="Folder for the files.")] = "figures",
    format: Annotated[str, typer.Option(help="pdf, svg or png.")] = "pdf",
    only: Annotated[
        str | None, typer.Option(help="Only these figures or sections, with commas between.")
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="column, page, slide, or inches such as 7x4.2.")
    ] = None,
    analyze: Annotated[
        bool, typer.Option(help="Compute what the figures need and is not there yet.")
    ] = True,
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="Processes; -1: one per core.")] = 1,
    dpi: Annotated[int, typer.Option(min=30, max=1200, help="Dots per inch of pixels.")] = 300,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            help="section.option=value, such as gain_over_dense.unit=percent; may be repeated.",
        ),
    ] = None,
    columns: _networks.Columns = None,
    separator: _networks.Separator = None,
    directed: _networks.Directed = None,
    form: _networks.Form = None,
    comments: _networks.Comments = None,
) -> None:
    """Draw every figure of a report with matplotlib, one file each, its numbers beside it."""
    from ..reports import figures
    from ..reports.need import need
    from ..reports.prepare import prepare
    from ..reports.subjects import open_subjects
    from ._subjects import expanded

    need("matplotlib", purpose="drawing figures")

    names = _console.names(only)
    subjects = _networks.opened(
        expanded(runs), _networks.options(columns, separator, directed, form, comments)
    )
    opened = open_subjects(subjects)
    if analyze:
        _first_use.tell()
        with _console.progress("analysing", "measures") as update:
            for line in prepare(opened, lambda what, done, total: update(done, total, what), jobs):
                _console.say(line)
    found = figures(
        opened,
        out,
        format=format,  # type: ignore[arg-type]
        dpi=dpi,
        only=names,
        size=size,
        options=_options(setting),
    )
    for path in found:
        _console.result(str(path))


def _options(given: list[str] | None) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for item in given or ():
        name, equals, value = item.partition("=")
        section, dot, option = name.strip().partition(".")
        if not equals or not dot:
            raise typer.BadParameter(f"{item!r} is not of the form section.option=value")
        found.setdefault(section, {})[option] = _console.value_of(value)
    return found
