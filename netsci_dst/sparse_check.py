"""Sparse matrices of others: their parts are checked before compiled code trusts them."""

from __future__ import annotations

from typing import Any

from .errors import TopologyError


def sound_sparse(matrix: Any) -> Any:
    """Return a scipy sparse matrix whose parts were checked against each other.

    A row start or an index out of range would end the process, or write outside the arrays.

    Raises
    ------
    TopologyError
        If an index is out of range, row starts are out of order, or parts differ in length.
    """
    form = getattr(matrix, "format", "")
    try:
        if hasattr(matrix, "check_format"):
            matrix.check_format(full_check=True)
        elif form == "coo":
            _check_coordinates(matrix)
        elif form == "lil":
            _check_lists(matrix)
    except (ValueError, TypeError, IndexError) as error:
        raise TopologyError(f"the sparse matrix contradicts itself: {error}") from error
    return matrix


def _check_coordinates(matrix: Any) -> None:
    coordinates = getattr(matrix, "coords", None) or (matrix.row, matrix.col)
    for ends, size in zip(coordinates, matrix.shape, strict=True):
        if ends.shape != matrix.data.shape:
            raise ValueError("its coordinates and values differ in number")
        if ends.size and not (ends.min() >= 0 and ends.max() < size):
            raise ValueError("a coordinate is out of range")


def _check_lists(matrix: Any) -> None:
    for columns, values in zip(matrix.rows, matrix.data, strict=True):
        if len(columns) != len(values):
            raise ValueError("its columns and values differ in number")
        if columns and not (min(columns) >= 0 and max(columns) < matrix.shape[1]):
            raise ValueError("a column is out of range")
