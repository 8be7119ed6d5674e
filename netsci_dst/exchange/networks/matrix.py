"""Adjacency matrices as text: numbers in rows, with or without names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...limits import check_size
from ...link_tables import table_of_matrix
from ...network import LinkTable
from .found import Found, Options
from .header import names_ends
from .separators import SPACES, fields_of, spelt
from .text import Text, data_lines, first_lines

_LARGEST = 20_000


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
        raise text.error("is no square matrix of numbers")
    matrix, names = square
    table = table_of_matrix(matrix)
    table.names = names
    if options.directed is not None and options.directed != table.directed:
        table = as_said(table, matrix, options.directed)
        table.names = names
    return Found(table, "matrix", list(text.notes))


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
        return np.array([[float(cell.replace(",", ".", 1)) for cell in row] for row in rows])
    except ValueError:
        return None


def _is_likely(matrix: NDArray[np.float64]) -> bool:
    """Tell a matrix from as many links as they have columns: by its values or its symmetry."""
    if len(matrix) < 3:
        return False
    if not np.isfinite(matrix).all():
        return False
    binary = bool(np.isin(matrix, (0, 1)).all())
    symmetric = bool((matrix == matrix.T).all())
    return binary or symmetric or (len(matrix) > 5 and not np.diag(matrix).any())
