"""``netsci-dst analyze``: measures of runs, or of any network."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from . import _completion, _console, _first_use, _networks

PANEL = "Understand"


def command(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Runs, folders of runs, URLs; or network files of any form ('-': stdin).",
            autocompletion=_completion.runs_or_networks,
        ),
    ],
    measures: Annotated[
        str | None,
        typer.Option(
            "--measures",
            "-m",
            help="Names with commas between; all by default.",
            autocompletion=_completion.measures,
        ),
    ] = None,
    steps: Annotated[
        str | None,
        typer.Option(help="'all', or steps with commas between, for every measure."),
    ] = None,
    tier: Annotated[str | None, typer.Option(help="'cheap' or 'deep' measures only.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="Processes; -1: one per core.")] = 1,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", help="measure.option=value, such as power_law_test.seed=1."),
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler that does the work.")
    ] = None,
    csv: Annotated[str | None, typer.Option(help="Write all values to this CSV file.")] = None,
    nodes: Annotated[
        str | None,
        typer.Option(help="Write a row for each node of a network to this CSV file, too."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print all values as JSON.")] = False,
    columns: _networks.Columns = None,
    separator: _networks.Separator = None,
    directed: _networks.Directed = None,
    form: _networks.Form = None,
    comments: _networks.Comments = None,
) -> None:
    """Compute measures of every snapshot, keep them with the run, and say what came out.

    Values that are there already are not computed again; a stopped analysis goes on.
    """
    from ..analysis import analyze
    from ._subjects import expanded

    subjects = _networks.opened(
        expanded(runs), _networks.options(columns, separator, directed, form, comments)
    )
    if nodes:
        from ..reports.subjects import open_subjects

        subjects = open_subjects(subjects)
    wanted = _console.names(measures)
    taken = None if steps is None else "all" if steps == "all" else _numbers(steps)
    _first_use.tell()
    with _console.progress("analysing", "measures") as update:
        frame = analyze(
            subjects,
            wanted,
            taken,
            jobs,
            tier=tier,
            options=_console.nested_options(option),
            scheduler=scheduler,
            progress=update,
        )
    _say_notes(frame.attrs["notes"], wanted)
    if csv:
        _console.write_csv(frame, csv, "values")
    if nodes:
        from ..reports import node_table

        _console.write_csv(node_table(subjects, analyze=False), nodes, "nodes")
    if json:
        _console.result_json(frame.to_dict("records"))
    else:
        _summary(frame)
    if not len(frame) and any(note["status"] == "failed" for note in frame.attrs["notes"]):
        raise typer.Exit(1)


def _say_notes(notes: list[dict[str, Any]], asked: list[str] | None) -> None:
    """Say of each result that is not there why; of what has no meaning here, only if asked for."""
    from ..analysis.result_store import WHOLE_RUN

    elsewhere: dict[str, list[str]] = {}
    for note in notes:
        if asked is None and note["status"] == "not applicable":
            elsewhere.setdefault(note["run"], []).append(note["measure"])
            continue
        step = note.get("step")
        at = "" if step in (None, WHOLE_RUN) else f" at step {step}"
        _console.say(f"{note['run']}: {note['measure']}{at}: {note['status']}: {note['reason']}")
    for run, names in elsewhere.items():
        _console.say(
            f"{run}: without meaning here: {', '.join(dict.fromkeys(names))} (-m NAME says why)"
        )


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither 'all' nor whole numbers") from None


def _summary(frame) -> None:
    """Say what kind of network each is, then show the whole network's values at the last step."""
    from ..analysis import in_words

    if not len(frame):
        _console.say("no values")
        return
    runs = list(dict.fromkeys(frame["run"]))
    for run in runs:
        text = in_words(frame, run)
        if text:
            _console.result(f"{run}\n{text}\n")
    last = _latest(frame[frame["scope"] == "network"])
    rows = []
    for (measure, quantity), part in last.groupby(["measure", "quantity"], sort=False):
        by_run = part.set_index("run")
        cells = [_entry(by_run.loc[run]) if run in by_run.index else None for run in runs]
        rows.append([measure, quantity, *cells])
    _console.table(None, ["measure", "quantity", *runs], rows)


def _latest(whole):
    """Return the last value of each quantity and run, measure by measure."""
    steps = whole.groupby(["measure", "quantity", "run"], sort=False)["step"].transform("max")
    last = whole[(whole["step"] == steps) | whole["step"].isna()]
    last = last.drop_duplicates(["measure", "quantity", "run"], keep="last")
    order = {measure: i for i, measure in enumerate(dict.fromkeys(last["measure"]))}
    return last.sort_values("measure", key=lambda column: column.map(order), kind="stable")


_WORDS = 40  # a text longer than this is no table's, but the verdict's above it


def _entry(row) -> str | None:
    """Return a cell: short texts as they are, integers as integers, other numbers to 4 digits."""
    text, value = row["text"], float(row["value"])
    if isinstance(text, str) and text and (len(text) <= _WORDS or value != value):
        return text
    if value != value:
        return None
    if value.is_integer() and abs(value) < 1e15:
        return f"{value:.0f}"
    return f"{value:.0f}" if abs(value) >= 1e4 else f"{value:.4g}"
