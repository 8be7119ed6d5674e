"""Edge lists: two columns of node names, and what stands beside them."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import pandas as pd

from .columns import assign_roles
from .comments import Said, what_comments_say
from .found import Found, Options, count
from .header import Roles, is_header, names_ends, roles_by_words
from .numbering import as_integers
from .separators import NAMES, SPACES, fields_of, guess_separator, spelt
from .table_links import Table, links_of_table
from .text import Text, data_lines, first_lines, without_comments
from .wrapped import bare

_SAMPLE = 500
_SPELT_NUMBER = re.compile(r'[\s,;|"]-?[0+][0-9]|-0\b')


def read_edge_list(text: Text, options: Options) -> Found:
    """Read an edge list.

    Raises
    ------
    DataError
        If a line is none, or the columns can be read in several ways.
    """
    text = _double_quotes(text, options)
    signs = bare(_without_trailing_comments(text, options), options.comments)
    text = signs.text
    body, comments, said_lines = without_comments(text, options.comments)
    said = what_comments_say(said_lines)
    said.directed = said.directed if signs.directed is None else signs.directed
    lines = first_lines(text, _SAMPLE, options.comments)
    if not lines:
        only = ", only comment lines: write --comments none if they are links"
        raise text.error(f"lists no links{only if comments else ''}")
    given = options.separator or signs.separator
    separator = spelt(given) if given else None
    separator = separator or _by_ending(text, lines) or guess_separator(text, lines)
    if comments and separator != SPACES:
        _refuse_links_in_comments(text, options, separator, lines[0])
    table = _table(text, options, body, lines, separator, said, said_lines)
    if not options.columns:
        _refuse_counts(text, [fields_of(lines[0][1], separator)], table)
    found = links_of_table(text, options, table, said)
    found.form = f"edge list, columns separated by {NAMES.get(separator, repr(separator))}"
    found.notes += [f"{count(comments, 'comment line')} left out"] if comments else []
    return found


_SINGLE_QUOTED = re.compile(r"'[^']*'(?:[,;|\t ] *(?:'[^']*'|-?[\d.]+))+\s*")


def _double_quotes(text: Text, options: Options) -> Text:
    """Return a text whose cells stand in single quotes with double ones in their place."""
    lines = first_lines(text, _SAMPLE, options.comments)
    if not lines or not all(_SINGLE_QUOTED.fullmatch(line) for _, line in lines):
        return text
    if '"' in text.text or "''" in text.text:
        return text
    return Text(text.origin, text.text.replace("'", '"'), text.ending, text.notes)


def _refuse_counts(text: Text, rows: list[list[str]], table: Table) -> None:
    """Refuse a first line that counts the nodes and the links below it."""
    if len(rows[0]) != 2 or table.headed or not all(cell.isdigit() for cell in rows[0]):
        return
    nodes, links = map(int, rows[0])
    below = table.frame.iloc[1:]
    if links != len(below) or len(below) < 2:
        return
    ends = pd.unique(pd.concat([below.iloc[:, 0], below.iloc[:, 1]]))
    if nodes == ends.size:
        raise text.error(
            f"'{nodes} {links}' may be the numbers of nodes and links below it: remove the line, "
            "or write --columns source,target if it is a link",
            table.line,
        )


def _refuse_links_in_comments(
    text: Text, options: Options, separator: str, first: tuple[int, str]
) -> None:
    """Refuse ``#metoo,#other`` below other links: a link, or one that was commented out."""
    width = len(fields_of(first[1], separator))
    comment = re.compile(rf"^[ \t]*[{re.escape(options.comments)}]\w.*$", re.MULTILINE)
    start = sum(map(len, text.text.split("\n", first[0])[: first[0]])) + first[0]
    for match in comment.finditer(text.text, min(start, len(text.text))):
        fields = fields_of(match[0], separator)
        if len(fields) == width and all(fields):
            raise text.error(
                f"{match[0].strip()[:40]!r} is a comment or a link: write --comments none if it is "
                "a link, else remove the line",
                text.text.count("\n", 0, match.start()) + 1,
            )


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
    comments: Sequence[str],
) -> Table:
    rows = [fields_of(line, separator) for _, line in lines]
    header = rows[0] if is_header(rows[0], rows[1:]) else None
    rows = rows[1:] if header is not None else rows
    headed = header is not None
    if header is None and said.roles is None:
        header = _header_in_comments(comments, separator, len(rows[0]))
    if header is not None and rows and len(header) == len(rows[0]) - 1:
        header = ["", *header]  # R writes no word above the names of rows
    line = lines[0][0]
    if not rows:
        raise text.error("lists no links under its header", line)
    _same_width(text, lines[1 if headed else 0 :], rows)
    if said.roles is not None and not options.columns and header is None:
        roles = said.roles(len(rows[0]))
    else:
        roles = assign_roles(text, options, header, rows, line)
    ends = pd.Series([row[i] for row in rows for i in (roles.source, roles.target)])
    whole = as_integers(ends) is not None
    width = len(rows[0])
    frame = _parse(text, options, body, separator, width, headed, roles, whole)
    return Table(frame, header, roles, line, headed)


def _header_in_comments(comments: Sequence[str], separator: str, width: int) -> list[str] | None:
    """Return the words above the columns where they stand in a comment, as in ``#from<tab>to``."""
    for comment in reversed(comments):
        cells = fields_of(comment.lstrip("#%/ "), separator)
        if len(cells) == width and roles_by_words(cells) is not None and names_ends(cells):
            return cells
    return None


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
