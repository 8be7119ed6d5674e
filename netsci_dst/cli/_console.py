"""Results to stdout, messages and progress to stderr, and quiet when not a terminal."""

from __future__ import annotations

import contextlib
import json
import math
import re
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import typer

from ..errors import RecipeError

# What commands a terminal, or turns the direction of a line; tabs and line ends are ours.
_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """Return a text whose characters command no terminal: names come from strangers' files.

    Examples
    --------
    >>> harmless("a" + chr(27) + "[2J")
    'a\\\\x1b[2J'
    """
    return _COMMANDS.sub(lambda found: ascii(found[0])[1:-1], text)


_quiet = False


def be_quiet(quiet: bool) -> None:
    """Write no messages and show no progress from now on, or do again."""
    global _quiet
    _quiet = quiet


def say(message: str) -> None:
    """Write a message to stderr."""
    if not _quiet:
        typer.echo(harmless(message), err=True)


def result(text: str) -> None:
    """Write a result to stdout."""
    typer.echo(harmless(text))


def for_spreadsheets(frame: Any) -> Any:
    """Return a table in which no cell of text is run as a formula."""
    frame = frame.copy()
    for name in frame.columns:
        if frame[name].dtype.kind not in "biufcmM":
            frame[name] = [_cell_of_text(value) for value in frame[name].astype(object)]
    return frame


def _cell_of_text(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    # What a spreadsheet takes for the beginning of a formula, also after a line end of its own.
    quoted = f"'{value}" if value[:1] in tuple("=+-@\t\r") else value
    return quoted.replace("\r", "\\r")


def write_csv(rows: Any, path: str, what: str) -> None:
    """Write a table, or rows as dictionaries, to a CSV file, and say how many there are."""
    import pandas as pd

    from ..exchange.write_file import write_file

    frame = for_spreadsheets(rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows))
    write_file(path, frame.to_csv(index=False).encode("utf-8", "backslashreplace"))
    say(f"{len(frame)} {what} in {path}")


def result_json(value: Any) -> None:
    """Write a result to stdout as JSON; NaN and infinity become null."""
    text = json.dumps(_plain(value), indent=2, ensure_ascii=False)
    typer.echo(_COMMANDS_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


_COMMANDS_IN_JSON = re.compile(r"[\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return str(value)


_WIDE = 100_000


def table(title: str | None, columns: list[str], rows: list[list[Any]]) -> None:
    """Write a table to stdout, its cells whole however wide where that is no terminal."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else _WIDE)
    title = title and escape(harmless(title))
    view = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        view.add_column(escape(harmless(column)), overflow="fold")
    for row in rows:
        view.add_row(*(escape(_cell(value)) for value in row))
    console.print(view)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e15:
            return f"{value:.0f}"
        return "" if math.isnan(value) else f"{value:.4g}"
    return harmless(str(value))


Update = Callable[[float, float | None, str], None]


@contextlib.contextmanager
def progress(what: str, unit: str = "") -> Iterator[Update]:
    """Show a progress bar with rate and time left on stderr while the block runs.

    The block gets ``update(done, total, note)``. Where stderr is no terminal, a line is written
    every few seconds of a job that takes longer.
    """
    if _quiet or not sys.stderr.isatty():
        yield _lines(what)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.progress import TimeRemainingColumn as Remaining

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        Remaining(),
        TextColumn("{task.fields[note]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task(harmless(what), total=None, note="", rate="")

        def update(done: float, total: float | None = None, note: str = "") -> None:
            speed = bar.tasks[0].finished_speed or bar.tasks[0].speed
            rate = f"{speed:,.0f} {unit}/s" if speed and unit else ""
            bar.update(task, completed=done, total=total, note=harmless(note), rate=rate)

        yield update


_EVERY_S = 10.0


def _lines(what: str) -> Update:
    last = time.monotonic()

    def update(done: float, total: float | None = None, note: str = "") -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _EVERY_S:
            return
        last = now
        of = f"{done:g} of {total:g}" if total else f"{done:g}"
        say(f"{what}: {of}{f', {note}' if note else ''}")

    return update


@contextlib.contextmanager
def told_how_to_go_on() -> Iterator[None]:
    """Say after Ctrl-C that the same command goes on."""
    try:
        yield
    except KeyboardInterrupt:
        say("stopped; the same command goes on")
        raise


def nested_options(items: list[str] | None) -> dict[str, dict[str, Any]]:
    """Turn ``measure.option=value`` items into a dictionary by measure."""
    found: dict[str, dict[str, Any]] = {}
    for item in items or ():
        name, equals, text = item.partition("=")
        measure, dot, key = name.strip().rpartition(".")
        if not (equals and dot and measure and key):
            raise typer.BadParameter(f"{item!r} is not of the form measure.option=value")
        found.setdefault(measure, {})[key] = value_of(text)
    return found


def names(text: str | None) -> list[str] | None:
    """Split names with commas between; None where there are none."""
    return [part.strip() for part in (text or "").split(",") if part.strip()] or None


def value_of(text: str) -> Any:
    """Read a value as TOML writes it; anything else is text."""
    import tomllib

    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"{text[:40]!r}… is no value: {error}") from None
