"""Adjacency matrices as text: numbers in rows, with or without names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...limits import check_size
from ...link_tables import table_of_matrix
from ...network import LinkTable
from .found import Found, Options, count
from .header import names_ends
from .separators import SPACES, fields_of, spelt
from .text import Text, data_lines, first_lines

_LARGEST = 20_000
_GAPS = ("NA", "N/A", "null")


def is_matrix(text: Text, options: Options) -> bool:
    """Whether the lines are a square matrix of numbers, with or without names."""
    first = first_lines(text, 3, options.comments)
    if not first or text.text.count("\n") > _LARGEST:
        return False
    rows = _rows(text, options)
    return rows is not None and _as_square(rows) is not None


def read_matrix(text: Text, options: Options) -> Found:
    """Read a square matrix of numbers, with or without names of rows and columns.

    Raises
    ------
    DataError
        If it is none.
    """
    rows = _rows(text, options)
    square = None if rows is None else _as_square(rows, sure=True)
    if square is None:
        return _read_two_modes(text, options)
    matrix, names = square
    notes = [*text.notes, *_without_gaps(matrix)]
    table = table_of_matrix(matrix)
    table.names = names
    if table.directed is False and not (matrix == matrix.T).all():
        notes.append("the matrix is triangular: taken as undirected")
    if options.directed is not None and options.directed != table.directed:
        table = as_said(table, matrix, options.directed)
        table.names = names
    return Found(table, "matrix", notes)


def _without_gaps(matrix: NDArray[np.float64]) -> list[str]:
    """Write 0 for entries that are no numbers, and say so unless they are a square's diagonal."""
    gaps = np.isnan(matrix)
    matrix[gaps] = 0
    if matrix.shape[0] == matrix.shape[1]:
        np.fill_diagonal(gaps, False)
    times = int(gaps.sum())
    return [f"{count(times, 'entry', 'entries')} without a number taken as no link"] * bool(times)


def _read_two_modes(text: Text, options: Options) -> Found:
    """Read a matrix whose rows and columns have names of their own."""
    lines = list(data_lines(text, options.comments))
    for separator in [spelt(options.separator)] if options.separator else ["\t", ";", ",", SPACES]:
        rows = [fields_of(line, separator) for _, line in lines]
        widths = {len(row) for row in rows[1:]}
        if len(rows) < 2 or len(widths) != 1 or max(widths) < 3:
            continue
        columns = rows[0][-(max(widths) - 1) :]
        names = [row[0] for row in rows[1:]]
        matrix = _numbers([[cell or "0" for cell in row[1:]] for row in rows[1:]])
        if (
            matrix is not None
            and len(set(names)) == len(names)
            and len(set(columns)) == len(columns)
        ):
            return _two_modes(text, matrix, names, columns)
    raise text.error("is no matrix of numbers, square or with names of rows and columns")


def _two_modes(
    text: Text, matrix: NDArray[np.float64], names: list[str], columns: list[str]
) -> Found:
    notes = [*text.notes, *_without_gaps(matrix)]
    u, v = np.nonzero(matrix)
    weights = matrix[u, v]
    if set(names) & set(columns):
        names, columns = [f"row {name}" for name in names], [f"column {name}" for name in columns]
    table = LinkTable(
        len(names) + len(columns),
        u,
        v + len(names),
        None if (weights == 1).all() else weights,
        False,
        [*names, *columns],
        {"mode": np.repeat([1, 2], [len(names), len(columns)])},
    )
    shape = f"{len(names)} by {len(columns)}"
    return Found(table, f"matrix, {shape}: rows are linked to columns", notes)


def as_said(table: LinkTable, matrix: NDArray[np.float64], directed: bool) -> LinkTable:
    """Return the links of a matrix whose direction the user says."""
    u, v = np.nonzero(matrix)
    if not directed and (matrix == matrix.T).all():
        u, v = u[u <= v], v[u <= v]
    weights = matrix[u, v]
    return LinkTable(
        len(matrix), u, v, None if (weights == 1).all() else weights, directed, table.names
    )


def _rows(text: Text, options: Options) -> list[list[str]] | None:
    lines = [line for _, line in data_lines(text, options.comments)]
    check_size(8.0 * len(lines) ** 2, len(text.text), text.origin)
    if not lines:
        return None
    if all(set(line.strip()) <= {"0", "1"} for line in lines) and len(lines) > 2:
        return [list(line.strip()) for line in lines]
    separators = [spelt(options.separator)] if options.separator else ["\t", ";", ",", SPACES]
    for separator in separators:
        width = len(fields_of(lines[-1], separator))
        if width in (len(lines), len(lines) - 1, len(lines) + 1) and width > 1:
            return [
                fields_of(line.rstrip() if separator == SPACES else line, separator)
                for line in lines
            ]
    return None


def _as_square(
    rows: list[list[str]], sure: bool = False
) -> tuple[NDArray[np.float64], Sequence[str] | None] | None:
    widths = {len(row) for row in rows}
    if len(rows) > 1 and len(rows) == len(rows[-1]) and widths == {len(rows)}:
        if rows[0][1:] == [row[0] for row in rows[1:]] and _numbers([rows[0][:1]]) is None:
            return _named(rows, rows[0][1:])
        plain = _numbers(rows)
        likely = plain is not None and (sure or _is_likely(plain))
        return (plain, None) if likely and plain is not None else None  # type: ignore[return-value]
    if len(rows) > 1 and len(rows[0]) == len(rows) - 1 and len(rows[-1]) == len(rows):
        names = rows[0]  # R writes no cell above the names of rows
        if names == [row[0] for row in rows[1:]]:
            return _named([["", *names], *rows[1:]], names)
    if len(rows) > 2 and widths == {len(rows) - 1}:
        plain = _numbers(rows[1:])
        headed = _numbers(rows[:1]) is None and len(set(rows[0])) == len(rows[0])
        if plain is not None and headed and not names_ends(rows[0]):
            return (plain, rows[0]) if sure or _is_likely(plain) else None
    if widths == {len(rows) + 1}:
        plain = _numbers([row[1:] for row in rows])
        names = [row[0] for row in rows]
        if plain is not None and _numbers([names]) is None and len(set(names)) == len(names):
            return (plain, names) if sure or _is_likely(plain) else None
    return None


def _named(
    rows: list[list[str]], names: list[str]
) -> tuple[NDArray[np.float64], Sequence[str] | None] | None:
    if len(names) < 2 or len(set(names)) < len(names):
        return None
    matrix = _numbers([[cell or "0" for cell in row[1:]] for row in rows[1:]])
    plain = names == [str(i) for i in range(len(names))]
    return None if matrix is None else (matrix, None if plain else names)


def _numbers(rows: list[list[str]]) -> NDArray[np.float64] | None:
    try:
        return np.array([[_number(cell) for cell in row] for row in rows])
    except ValueError:
        return None


def _number(cell: str) -> float:
    return float("nan") if cell in _GAPS else float(cell.replace(",", ".", 1))


def _is_likely(matrix: NDArray[np.float64]) -> bool:
    """Tell a matrix from as many links as they have columns: by its values or its symmetry."""
    if len(matrix) < 3:
        return False
    if not np.isfinite(matrix).all():
        return False
    binary = bool(np.isin(matrix, (0, 1)).all())
    symmetric = bool((matrix == matrix.T).all())
    return binary or symmetric or (len(matrix) > 5 and not np.diag(matrix).any())
