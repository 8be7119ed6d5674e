"""The links of a table whose columns have roles: ends, weights, directions, times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...network import LinkTable
from .comments import Said
from .found import Found, Options, count
from .header import Roles, is_weight, two_kinds
from .numbering import as_integers, number_nodes
from .text import Text, data_lines

_TAIL = 3
_THOUSANDS = r"-?[1-9]\d{0,2}(?:,\d{3})+"


@dataclass
class Table:
    """A table of text: its columns, its header or None, the roles of the columns.

    ``headed`` says whether the header is a line of the table, rather than of a comment.
    """

    frame: pd.DataFrame
    header: list[str] | None
    roles: Roles
    line: int
    headed: bool = True


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
    ends, notes = _whole_numbers(ends)
    names, codes, attributes = _numbered(ends, _modes(table, ends, said))
    half = len(frame)
    weights = None
    if roles.weight is not None and _says_something(frame[roles.weight]):
        weights = _weights(text, frame[roles.weight], number)
    directed, kinds = _directions(text, table, said, number)
    if weights is not None and table.header and not is_weight(table.header[roles.weight or 0]):
        notes.append(f"weights from column {table.header[roles.weight or 0]!r}")
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
        [*text.notes, *_left_out(table), *said.notes, *notes, *_timed(roles)],
        lines=number.lazy,
        times=None if roles.time is None else _times(frame[roles.time]),
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
        return np.array(
            found[1 if self.table.header and self.table.headed else 0 :], dtype=np.int64
        )


def _whole_numbers(ends: list[pd.Series]) -> tuple[list[pd.Series], list[str]]:
    """Read 2.0 as 2 where one column has whole numbers and the other has them as decimals."""
    texts = [column for column in ends if column.dtype != np.int64]
    pointed = [column.str.fullmatch(r"-?\d+\.0+").to_numpy() for column in texts]
    if len(ends) != len(texts) or not any(found.any() for found in pointed):
        return ends, []
    plain = [column.str.fullmatch(r"-?\d+").to_numpy() for column in texts]
    if not all((a | b).all() for a, b in zip(pointed, plain)) or all(f.all() for f in pointed):
        return ends, []
    first = next(c[f].iloc[0] for c, f in zip(ends, pointed) if f.any())
    short = [column.str.replace(r"\.0+$", "", regex=True) for column in ends]
    return short, [f"{first} and the like read as {first.partition('.')[0]}"]


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


def _modes(table: Table, ends: list[pd.Series], said: Said) -> tuple[str, str] | None:
    """Return what to call nodes of two kinds whose names are the same, or None for one kind."""
    if said.two_mode:
        return "left", "right"
    if table.header is None:
        return None
    kinds = two_kinds(table.header[table.roles.source], table.header[table.roles.target])
    return kinds if kinds and ends[0].isin(ends[1]).any() else None


def _numbered(
    ends: list[pd.Series], modes: tuple[str, str] | None
) -> tuple[Any, NDArray[np.int64], dict[str, Any]]:
    if modes is None:
        return *number_nodes(pd.concat(ends, ignore_index=True)), {}
    (left, left_codes), (right, right_codes) = (number_nodes(column) for column in ends)
    left, right = _texts(left, left_codes), _texts(right, right_codes)
    names = [f"{kind} {name}" for kind, side in zip(modes, (left, right)) for name in side]
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
    if bad.size and cells.str.fullmatch(_THOUSANDS).iloc[bad].all():
        raise text.error(
            f"{cells.iloc[bad[0]][:40]!r} may mean thousands or a decimal comma: write numbers "
            "without commas, or --columns source,target to leave the column out",
            number(int(bad[0])),
        )
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


def _times(cells: pd.Series) -> pd.Series:
    """Return times as numbers, as dates, or as they are written where they are neither."""
    numbers = pd.to_numeric(cells, errors="coerce")
    if numbers.notna().all():
        return numbers
    dates = pd.to_datetime(cells, errors="coerce", utc=True, format="mixed")
    return dates if dates.notna().all() else cells


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


def _timed(roles: Roles) -> list[str]:
    return [] if roles.time is None else ["times left out (netsci-dst import --states keeps them)"]


def _says_something(column: pd.Series) -> bool:
    return column.dtype.kind in "if" or bool((column != "").any())


def _left_out(table: Table) -> list[str]:
    used, words = table.roles.used(), table.header
    left = [place for place in table.frame.columns if place not in used]
    left += [table.roles.type] if table.roles.type is not None else []
    kept = [
        repr(words[place]) if words and words[place] else str(place + 1)
        for place in sorted(left)
        if _says_something(table.frame[place]) and not (place == 0 and words and words[0] == "")
    ]
    if not kept:
        return []
    shown = ", ".join(kept[:6]) + (", …" if len(kept) > 6 else "")
    return [f"column{'s' * (len(kept) > 1)} {shown} left out"]
