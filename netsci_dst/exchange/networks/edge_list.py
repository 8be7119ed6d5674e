"""Edge lists: two columns of node names, and what stands beside them."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...network import LinkTable
from .columns import assign_roles
from .comments import Said, what_comments_say
from .found import Found, Options, count
from .header import Roles, is_header
from .numbering import as_integers, number_nodes
from .separators import NAMES, SPACES, fields_of, guess_separator, spelt
from .text import Text, data_lines, first_lines, without_comments

_SAMPLE = 500
_TAIL = 3
_SPELT_NUMBER = re.compile(r'[\s,;|"]-?[0+][0-9]|-0\b')


@dataclass
class Table:
    """A table of text: its columns, its header or None, the roles of the columns."""

    frame: pd.DataFrame
    header: list[str] | None
    roles: Roles
    line: int


def read_edge_list(text: Text, options: Options) -> Found:
    """Read an edge list.

    Raises
    ------
    DataError
        If a line is none, or the columns can be read in several ways.
    """
    text = _without_trailing_comments(text, options)
    body, comments, said_lines = without_comments(text, options.comments)
    said = what_comments_say(said_lines)
    lines = first_lines(text, _SAMPLE, options.comments)
    if not lines:
        raise text.error("lists no links")
    separator = spelt(options.separator) if options.separator else None
    separator = separator or _by_ending(text, lines) or guess_separator(text, lines)
    table = _table(text, options, body, lines, separator, said)
    found = links_of_table(text, options, table, said)
    found.form = f"edge list, columns separated by {NAMES.get(separator, repr(separator))}"
    found.notes += [f"{count(comments, 'comment line')} left out"] if comments else []
    return found


def _without_trailing_comments(text: Text, options: Options) -> Text:
    """Drop ``# …`` behind two nodes separated by spaces; ``C#`` and ``a<tab>#b`` stay."""
    if "#" not in options.comments or " #" not in text.text or "\t" in text.text:
        return text
    stripped, times = re.subn(
        r"^([ ]*[^\s#]\S*[ ]+[^\s#]\S*(?:[ ]+[^\s#,;|]\S*)*)[ ]+#.*$",
        r"\1",
        text.text,
        flags=re.MULTILINE,
    )
    notes = [f"{count(times, 'trailing comment')} left out"] if times else []
    return Text(text.origin, stripped, text.ending, [*text.notes, *notes]) if times else text


def _by_ending(text: Text, lines: list[tuple[int, str]]) -> str | None:
    """Return tabs or commas for ``.tsv`` and ``.csv`` files in which each line has them."""
    separator = {".tsv": "\t", ".tab": "\t", ".csv": ","}.get(text.ending)
    if separator is None or not all(separator in line for _, line in lines):
        return None
    widths = {len(fields_of(line, separator)) for _, line in lines}
    uneven = separator == "," and any(";" in line for _, line in lines)
    return separator if len(widths) == 1 and not uneven else None


def _table(
    text: Text,
    options: Options,
    body: str,
    lines: list[tuple[int, str]],
    separator: str,
    said: Said,
) -> Table:
    rows = [fields_of(line, separator) for _, line in lines]
    header = rows[0] if is_header(rows[0], rows[1:]) else None
    rows = rows[1:] if header is not None else rows
    if header is not None and rows and len(header) == len(rows[0]) - 1:
        header = ["", *header]  # R writes no word above the names of rows
    line = lines[0][0]
    if not rows:
        raise text.error("lists no links under its header", line)
    _same_width(text, lines[1 if header else 0 :], rows)
    if said.roles is not None and not options.columns and header is None:
        roles = said.roles(len(rows[0]))
    else:
        roles = assign_roles(text, options, header, rows, line)
    ends = pd.Series([row[i] for row in rows for i in (roles.source, roles.target)])
    whole = as_integers(ends) is not None
    width, headed = len(rows[0]), header is not None
    frame = _parse(text, options, body, separator, width, headed, roles, whole)
    return Table(frame, header, roles, line)


def _same_width(text: Text, lines: Sequence[tuple[int, str]], rows: list[list[str]]) -> None:
    for (number, line), row in zip(lines, rows):
        if len(row) != len(rows[0]):
            raise text.error(
                f"{line.strip()[:40]!r} has {count(len(row), 'column')} where other lines have "
                f"{len(rows[0])}: this is no edge list, or write --separator",
                number,
            )


def _parse(
    text: Text,
    options: Options,
    body: str,
    separator: str,
    width: int,
    headed: bool,
    roles: Roles,
    whole: bool,
) -> pd.DataFrame:
    plain = len(separator) == 1 or separator == SPACES
    data = body.encode()

    def parsed(kinds: dict[int, str]) -> pd.DataFrame:
        return pd.read_csv(
            io.BytesIO(data),
            sep=separator if plain else re.escape(separator),
            engine="c" if plain else "python",
            header=None,
            names=list(range(width)),
            index_col=False,
            dtype={place: kinds.get(place, "str") for place in range(width)},
            na_filter=False,
            skipinitialspace=separator != SPACES,
            skiprows=_header_rows(body) if headed else 0,
        )

    numbers = {} if roles.weight is None else {roles.weight: "float64"}
    attempts = [numbers, {}]
    if whole and not _SPELT_NUMBER.search(f" {body[:3]}") and not _SPELT_NUMBER.search(body):
        # 007 and +7 are names of their own.
        attempts.insert(0, dict.fromkeys((roles.source, roles.target), "int64") | numbers)
    for kinds in attempts:
        try:
            return parsed(kinds)
        except (ValueError, OverflowError, pd.errors.ParserError) as error:
            if kinds == {}:
                raise _bad_line(text, options, separator, width, error) from error
    raise text.error("is not an edge list")


def _header_rows(body: str) -> int:
    """Return how many lines there are up to the header, blank ones included."""
    return len(re.match(r"(?:[ \t]*\n)*", body)[0].split("\n"))  # type: ignore[index]


def _bad_line(
    text: Text, options: Options, separator: str, width: int, error: Exception
) -> Exception:
    for number, line in data_lines(text, options.comments):
        found = len(fields_of(line, separator))
        if found > width:
            return text.error(
                f"{line.strip()[:40]!r} has {found} columns where other lines have {width}: "
                "this is no edge list, or write --separator",
                number,
            )
    reason = re.sub(r"^.*?C error: ", "", " ".join(str(error).split()))
    return text.error(f"is not an edge list: {reason}")


def links_of_table(text: Text, options: Options, table: Table, said: Said) -> Found:
    """Return the links of a table whose columns have roles."""
    frame, roles = table.frame, table.roles
    ends = [frame[place] for place in (roles.source, roles.target)]
    number = _Lines(text, options, table)
    if not all(column.dtype == np.int64 for column in ends):
        ends = [column.str.strip() for column in ends]
        _refuse_lacking(text, ends, number)
        if not options.columns:
            _refuse_odd_ends(text, ends, number)
    names, codes, attributes = _numbered(ends, said)
    half = len(frame)
    weights = None
    if roles.weight is not None:
        weights = _weights(text, frame[roles.weight], number)
    directed, kinds = _directions(text, table, said, number)
    found = Found(
        LinkTable(
            len(names) if names is not None else int(codes.max(initial=-1)) + 1,
            codes[:half],
            codes[half:],
            weights,
            directed,
            names,
            attributes,
        ),
        "edge list",
        [*text.notes, *_left_out(table), *said.notes],
        lines=number.lazy,
    )
    if kinds is not None:
        _double_undirected(found, kinds)
    return found


class _Lines:
    """The line of each row, found when a message needs it."""

    def __init__(self, text: Text, options: Options, table: Table):
        self.text, self.options, self.table = text, options, table

    def __call__(self, row: int) -> int | None:
        numbers = self.lazy()
        return int(numbers[row]) if row < len(numbers) else None

    def lazy(self) -> NDArray[np.int64]:
        if not self.text.text:
            return np.arange(1, len(self.table.frame) + 1)
        found = [number for number, _ in data_lines(self.text, self.options.comments)]
        return np.array(found[1 if self.table.header else 0 :], dtype=np.int64)


def _refuse_lacking(text: Text, ends: list[pd.Series], number: _Lines) -> None:
    lacking = np.flatnonzero((ends[0] == "") | (ends[1] == ""))
    if lacking.size:
        raise text.error(f"link {lacking[0] + 1} lacks an end", number(int(lacking[0])))


def _refuse_odd_ends(text: Text, ends: list[pd.Series], number: _Lines) -> None:
    """Refuse a few words above or below numbers: a header or a footer."""
    n = len(ends[0])
    if n < 3:
        return
    for column in ends:
        sample = column.iloc[: n - _TAIL] if n > 2 * _TAIL else column.iloc[:-1]
        tail = column.iloc[len(sample) :]
        if as_integers(sample) is None or as_integers(tail) is not None:
            continue
        odd = next(i for i, cell in enumerate(tail) if not re.fullmatch(r"-?\d+", cell))
        raise text.error(
            f"{tail.iloc[odd][:40]!r} stands where the lines above have numbers: remove the line "
            "if it is a footer, or write --columns if it is a node",
            number(len(sample) + odd),
        )


def _numbered(ends: list[pd.Series], said: Said) -> tuple[Any, NDArray[np.int64], dict[str, Any]]:
    if not said.two_mode:
        return *number_nodes(pd.concat(ends, ignore_index=True)), {}
    (left, left_codes), (right, right_codes) = (number_nodes(column) for column in ends)
    left, right = _texts(left, left_codes), _texts(right, right_codes)
    names = [*(f"left {name}" for name in left), *(f"right {name}" for name in right)]
    codes = np.concatenate([left_codes, right_codes + len(left)])
    return names, codes, {"mode": np.repeat([1, 2], [len(left), len(right)])}


def _texts(names: Sequence[str] | None, codes: NDArray[np.int64]) -> Sequence[str]:
    return [str(i) for i in range(int(codes.max(initial=-1)) + 1)] if names is None else names


def _weights(text: Text, cells: pd.Series, number: _Lines) -> NDArray[np.float64]:
    if cells.dtype == np.float64 and np.isfinite(cells).all():
        return cells.to_numpy()
    cells = cells.astype("str").str.strip()
    weights = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(weights))
    if bad.size and cells.str.contains(",").any():
        commas = pd.to_numeric(cells.str.replace(",", "."), errors="coerce")
        weights = commas.to_numpy(dtype=np.float64)
        bad = np.flatnonzero(~np.isfinite(weights))
    if bad.size:
        raise text.error(
            f"{cells.iloc[bad[0]][:40]!r} is no weight: each link needs a number there, or write "
            "--columns source,target to leave the column out",
            number(int(bad[0])),
        )
    return weights


def _directions(
    text: Text, table: Table, said: Said, number: _Lines
) -> tuple[bool | None, NDArray[np.bool_] | None]:
    """Return whether links are directed, and per link where they differ."""
    if table.roles.type is None:
        return said.directed, None
    cells = table.frame[table.roles.type].str.strip().str.lower()
    directed = cells.isin(["directed", "true", "1"]).to_numpy()
    undirected = cells.isin(["undirected", "mutual", "false", "0"]).to_numpy()
    if not (directed | undirected).all():
        return said.directed, None  # a column of other types
    if directed.all() or undirected.all():
        return bool(directed.all()), None
    return True, directed


def _double_undirected(found: Found, directed: NDArray[np.bool_]) -> None:
    """Turn each undirected link of a mixed list into two directed ones."""
    table = found.table
    both = ~directed
    table.sources, table.targets = (
        np.concatenate([table.sources, table.targets[both]]),
        np.concatenate([table.targets, table.sources[both]]),
    )
    if table.weights is not None:
        table.weights = np.concatenate([table.weights, table.weights[both]])
    found.lines = None
    found.notes.append(f"{count(int(both.sum()), 'undirected link')} taken in both directions")


def _says_something(column: pd.Series) -> bool:
    return column.dtype.kind in "if" or bool((column != "").any())


def _left_out(table: Table) -> list[str]:
    used, words = table.roles.used(), table.header
    left = [place for place in table.frame.columns if place not in used]
    left += [place for place in (table.roles.time, table.roles.type) if place is not None]
    kept = [
        repr(words[place]) if words and words[place] else str(place + 1)
        for place in sorted(left)
        if _says_something(table.frame[place]) and not (place == 0 and words and words[0] == "")
    ]
    if not kept:
        return []
    shown = ", ".join(kept[:6]) + (", …" if len(kept) > 6 else "")
    return [f"column{'s' * (len(kept) > 1)} {shown} left out"]
