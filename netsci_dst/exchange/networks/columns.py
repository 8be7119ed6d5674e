"""The roles of the columns of a table of links, decided or refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ...errors import UnknownName
from .found import Options
from .header import (
    ROLES,
    Roles,
    is_weight,
    looks_like_nodes,
    may_be_weight,
    names_ends,
    normal,
    roles_by_words,
)
from .text import Text

_DATE = re.compile(r"\d{4}-\d\d-\d\d.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*|\d{1,2}:\d\d(:\d\d.*)?")
_HOW = "write --columns source,target,weight with the role of each column, - for one to leave out"


def assign_roles(
    text: Text,
    options: Options,
    header: Sequence[str] | None,
    rows: Sequence[Sequence[str]],
    line: int,
) -> Roles:
    """Return which columns hold the ends, the weight, the time, the kind of each link.

    Parameters
    ----------
    header
        The words above the columns, or None.
    rows
        Some rows, all of one length.
    line
        The line of the header, or of the first row.

    Raises
    ------
    DataError
        If the columns can be read in several ways.
    """
    width = len(rows[0]) if rows else len(header or ())
    if options.columns:
        return _said(text, options.columns, header, width, line)
    if width < 2:
        raise text.error(f"{rows[0][0][:40] if rows else ''!r} does not name two nodes", line)
    return _by_header(text, header, rows, line) if header else _by_values(text, rows, line)


def _said(
    text: Text, columns: Sequence[str], header: Sequence[str] | None, width: int, line: int
) -> Roles:
    roles = [role.strip().lower() for role in columns]
    if "source" not in roles or "target" not in roles:
        return _said_by_name(text, columns, header, line)
    named = {role: place for place, role in enumerate(roles) if role in ROLES}
    places = {normal(cell): place for place, cell in enumerate(header or ())}
    if len(columns) != width and set(named) <= set(places):
        return Roles(**{role: places[role] for role in named})
    if len(roles) > width:
        raise text.error(f"has {width} columns, but --columns names {len(roles)}", line)
    if len(named) < sum(role in ROLES for role in roles):
        raise text.error("--columns gives one role to two columns")
    strange = [r for r in roles if r not in (*ROLES, "-", "") and normal(r) not in places]
    if strange:
        raise text.error(str(UnknownName("role in --columns", strange[0], [*ROLES, "-"])), line)
    return Roles(**named)


def _said_by_name(
    text: Text, columns: Sequence[str], header: Sequence[str] | None, line: int
) -> Roles:
    places = {normal(cell): place for place, cell in enumerate(header or ())}
    missing = [name for name in columns if normal(name) not in places]
    if missing or len(columns) < 2:
        raise text.error(
            f"--columns needs source and target, or names of columns; {missing[0]!r} is none"
            if missing
            else "--columns needs source and target",
            line,
        )
    found = [places[normal(name)] for name in columns]
    return Roles(found[0], found[1], found[2] if len(found) > 2 else None)


def _by_header(
    text: Text, header: Sequence[str], rows: Sequence[Sequence[str]], line: int
) -> Roles:
    maybe_matrix = header[0] == "" and len(header) > 2 and _is_incidence(rows)
    found = roles_by_words(header)
    if found is not None and (names_ends(header) or not maybe_matrix):
        _refuse_twice(text, header, found, line)
        return _with_only_number(found, header, rows)
    shown = ", ".join(cell or "''" for cell in header[:6])
    if looks_like_nodes(header):
        raise text.error(f"a table of nodes, not of links (columns {shown}); else {_HOW}", line)
    start = 1 if header[0] == "" else 0
    left = len(header) - start
    if maybe_matrix:
        raise text.error(
            f"rows {rows[0][0]!r}, … and columns {', '.join(header[1:4])} may be a matrix: write "
            f"--form matrix; else {_HOW}",
            line,
        )
    if left == 2 or (left == 3 and is_weight(header[start + 2])):
        return Roles(start, start + 1, start + 2 if left == 3 else None)
    raise text.error(f"the columns {shown} do not say which are the ends: {_HOW}", line)


def _refuse_twice(text: Text, header: Sequence[str], roles: Roles, line: int) -> None:
    words = [normal(cell) for cell in header]
    for place in sorted(roles.used()):
        if words.count(words[place]) > 1:
            raise text.error(f"two columns are called {header[place]!r}: {_HOW}", line)


def _with_only_number(roles: Roles, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Roles:
    """Take the one column of numbers beside the ends as weights, where its name allows it."""
    if roles.weight is not None:
        return roles
    rest = [i for i in range(len(header)) if i not in roles.used() and header[i]]
    numbers = [i for i in rest if _numeric([row[i] for row in rows if row[i]])]
    if len(numbers) != 1 or not may_be_weight(header[numbers[0]]):
        return roles
    (place,) = numbers
    if not all(row[place] for row in rows):
        return roles
    return Roles(roles.source, roles.target, place, roles.time, roles.type)


def _is_incidence(rows: Sequence[Sequence[str]]) -> bool:
    """Whether each row has a name of its own before numbers."""
    names = [row[0] for row in rows]
    if len(set(names)) < len(names) or _numeric(names):
        return False
    return all(_numeric([cell for cell in row[1:] if cell]) for row in rows)


def _by_values(text: Text, rows: Sequence[Sequence[str]], line: int) -> Roles:
    columns = list(zip(*rows, strict=False))
    while len(columns) > 2 and not any(columns[-1]):
        columns.pop()
    if len(columns) > 4:
        raise text.error(f"{len(columns)} columns and no words above them: {_HOW}", line)
    dated = next((i for i in (0, 1) if _is_date(columns[i])), None)
    if dated is not None:
        raise text.error(f"column {dated + 1} ({columns[dated][0]!r}) may be a time: {_HOW}", line)
    if _is_count(columns[0]) and not _numeric(columns[1]) and len(columns) == 2:
        raise text.error(
            f"column 1 counts the lines and column 2 is text, as in a table of nodes; else {_HOW}",
            line,
        )
    if len(columns) == 2:
        return Roles(0, 1)
    if not _mostly_numeric(columns[2]):
        _refuse_relations(text, columns, line)
        if _numeric(columns[0]) and _is_count(columns[0]) and not _numeric(columns[1]):
            raise text.error(f"column 1 may be an index: {_HOW}", line)
        return Roles(0, 1)
    _refuse_index(text, columns, line)
    if _is_time(columns[2]):
        return Roles(0, 1, None, 2)
    time = 3 if len(columns) > 3 and _is_time(columns[3]) else None
    return Roles(0, 1, 2, time)


def _refuse_relations(text: Text, columns: Sequence[Sequence[str]], line: int) -> None:
    first, middle, last = map(set, columns[:3])
    pairs = [len(set(zip(columns[0], columns[i], strict=True))) for i in (1, 2)]
    repeats = pairs[0] < pairs[1] == len(columns[0])
    apart = not middle & (first | last) and not _numeric(columns[1])
    if apart and (first & last or repeats):
        raise text.error(
            f"column 2 ({columns[1][0]!r}) may be the kind of link, as in SIF: write --form sif, "
            f"or {_HOW}",
            line,
        )


def _refuse_index(text: Text, columns: Sequence[Sequence[str]], line: int) -> None:
    """Refuse three columns of whole numbers of which the first may be an index or a time."""
    if len(columns[0]) < 3 or not all(_whole(cell) for c in columns[:3] for cell in c):
        return
    first, second, third = ([int(cell) for cell in column] for column in columns[:3])
    shared = len(set(second) & set(third)) / len(set(third))
    if shared < 0.5 or len(set(third)) < 2:
        return
    apart = not set(first) & set(second)
    counts = _is_count(columns[0]) and any(b != a + 1 for a, b in zip(first, second))
    rises = all(a <= b for a, b in pairwise(first)) and apart
    if counts or rises:
        raise text.error(
            f"column 1 may be an index or a time, and columns 2 and 3 the ends: {_HOW}", line
        )
    if _alike(second, third) > max(0.5, 2 * _alike(first, second)):
        raise text.error(f"column 1 may be a layer, and columns 2 and 3 the ends: {_HOW}", line)


def _alike(a: Sequence[int], b: Sequence[int]) -> float:
    """Return the share of the values of two columns that stand in both."""
    return len(set(a) & set(b)) / len(set(a) | set(b))


def _is_count(cells: Sequence[str]) -> bool:
    if len(cells) < 3 or not all(map(_whole, cells)):
        return False
    start = int(cells[0])
    return start in (0, 1) and [int(cell) for cell in cells] == list(
        range(start, start + len(cells))
    )


def _is_time(cells: Sequence[str]) -> bool:
    return all(_whole(cell) and 10**8 < int(cell) < 2 * 10**13 for cell in cells)


def _is_date(cells: Sequence[str]) -> bool:
    return all(_DATE.fullmatch(cell) for cell in cells)


def _whole(cell: str) -> bool:
    return len(cell) < 19 and cell.removeprefix("-").isascii() and cell.removeprefix("-").isdigit()


def _mostly_numeric(cells: Sequence[str]) -> bool:
    """Whether a column is one of weights; one that is none among them is refused by its line."""
    return sum(_numeric([cell]) for cell in cells) >= max(1, len(cells) / 2)


def _numeric(cells: Sequence[str]) -> bool:
    try:
        for cell in cells:
            float(cell.replace(",", ".", 1))
    except ValueError:
        return False
    return True
