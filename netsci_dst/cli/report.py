"""``netsci-dst report``: one HTML file about one run, or several compared."""

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
    out: Annotated[str | None, typer.Option("--out", "-o", help="The HTML file.")] = None,
    title: Annotated[str | None, typer.Option(help="Title of the page.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="Processes; -1: one per core.")] = 1,
    analyze: Annotated[
        bool, typer.Option(help="Compute what the page needs and is not there yet.")
    ] = True,
    inside: Annotated[
        int, typer.Option(min=0, help="Of several runs, how many can be opened inside the file.")
    ] = 6,
    every_run: Annotated[
        bool,
        typer.Option("--all", help="Put the other runs into a folder beside the file."),
    ] = False,
    slides: Annotated[
        str | None, typer.Option(help="Also write each figure at the size of a slide here.")
    ] = None,
    columns: _networks.Columns = None,
    separator: _networks.Separator = None,
    directed: _networks.Directed = None,
    form: _networks.Form = None,
    comments: _networks.Comments = None,
) -> None:
    """Write a report that opens in any browser, offline."""
    from ..reports import figures, report
    from ..reports.prepare import prepare
    from ..reports.subjects import open_subjects
    from ._subjects import expanded

    subjects = _networks.opened(
        expanded(runs), _networks.options(columns, separator, directed, form, comments)
    )
    opened = open_subjects(subjects)
    if out is None:
        # A network that is read lies in a folder of its own that does not last.
        inside_run = isinstance(subjects[0], str) and opened[0].store.is_local
        alone = len(opened) == 1 and inside_run
        out = opened[0].store.path("report.html") if alone else "report.html"
    if analyze:
        _first_use.tell()
    with _console.progress("report", "") as update:

        def told(what: str, done: int, total: int) -> None:
            update(done, total, what)

        for line in prepare(opened, told, jobs) if analyze else ():
            _console.say(line)
        path = report(
            opened,
            out,
            title=title,
            analyze=False,
            inside=inside,
            beside=every_run,
            progress=told,
        )
    _console.result(str(path))
    if slides is not None:
        for file in figures(opened, slides, "png", 144, size="slide"):
            _console.result(str(file))
