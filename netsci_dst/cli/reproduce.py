"""``netsci-dst reproduce``: an experiment of the papers, run and set beside its figures."""

from __future__ import annotations

from typing import Annotated

import typer

from . import _completion, _console, _preview

PANEL = "Papers"


def command(
    name: Annotated[
        str | None,
        typer.Argument(
            help="An experiment, or a TOML file. Without: the list.",
            autocompletion=_completion.experiments,
        ),
    ] = None,
    out: Annotated[
        str | None, typer.Option("--out", "-o", help="Its folder. Default: reproductions/NAME.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Where its data are; or another data set, by name or hub id.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A smaller version, which says so on every figure.")
    ] = False,
    seeds: Annotated[
        int | None,
        typer.Option(min=1, help="Seeds of every row, instead of the experiment's number."),
    ] = None,
    rows: Annotated[str | None, typer.Option(help="Only these rows, with commas between.")] = None,
    settings: Annotated[
        str | None, typer.Option(help="Only these settings, with commas between.")
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="cpu or cuda. Without, runs of many hours wait for a GPU."),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Runs at a time.")] = 1,
    train: Annotated[
        bool, typer.Option(help="--no-train: only write the page from what is there.")
    ] = True,
    compare: Annotated[bool, typer.Option(help="Also write the report comparing the runs.")] = True,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", "-n", help="Say what would run, how long and how large; write nothing."
        ),
    ] = False,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure",
            help="With --dry-run: make a few steps here instead of going by what runs took before.",
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Repeat a table or figure of the papers: run what is missing, write ours beside theirs.

    A run that was stopped goes on; one whose line is in results.csv is not repeated.
    """
    from ..reproduction import experiments, load_experiment, planned, reproduce

    if name is None:
        known = [load_experiment(one) for one in experiments()]
        if json:
            _console.result_json(
                [{"name": e.name, "title": e.title, "source": e.source} for e in known]
            )
        else:
            table = [[e.name, e.title, e.source] for e in known]
            _console.table(None, ["name", "what it is", "source"], table)
        return
    if measure and not dry_run:
        raise typer.BadParameter("--measure goes with --dry-run")
    changes = {"device": device} if device else None
    if dry_run:
        tasks = planned(
            name,
            out,
            data=data,
            quick=quick,
            seeds=seeds,
            rows=_console.names(rows),
            settings=_console.names(settings),
            changes=changes,
        )
        if measure:
            asked = ((task.run, task.recipe, task.status) for task in tasks)
            _preview.show(_preview.previewed(asked, "measuring"), json)
        else:
            _preview.show([_preview.reckoned(task) for task in tasks], json)
        return
    with _console.progress("runs") as update, _console.told_how_to_go_on():
        found = reproduce(
            name,
            out,
            data=data,
            quick=quick,
            seeds=seeds,
            rows=_console.names(rows),
            settings=_console.names(settings),
            changes=changes,
            jobs=jobs,
            train=train,
            compare=compare,
            progress=update,
        )
    if found.waiting:
        names = ", ".join(found.waiting)
        _console.say(f"take hours on a processor, wait for a GPU: {names}")
        _console.say("--device cpu makes them here all the same")
    for run, reason in found.failed:
        _console.say(f"{run} failed: {reason}")
    if json:
        _console.result_json(found.results.to_dict("records"))
    else:
        _console.result(str(found.page or found.folder))
    if found.failed:
        raise typer.Exit(1)
