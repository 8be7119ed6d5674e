"""Matrices by name, as `.npz` and `.mat` files hold them: which side is which is not told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import FormatError
from .named_weight import NamedWeight, Options, selected, sparse
from .natural import natural


def from_matrices(arrays: Mapping[str, Any], options: Options) -> list[NamedWeight]:
    """Return every matrix of numbers with more than one row and column, by name.

    Raises
    ------
    FormatError
        If there is none.
    """
    found = [
        NamedWeight(label, sparse(matrix, label, options.threshold), oriented=False)
        for key, value in arrays.items()
        for label, matrix in _cells(key, value)
        if _is_matrix(matrix) and options.wants(label)
    ]
    if not found:
        raise FormatError("it holds no matrix")
    return sorted(selected(found, options), key=lambda weight: natural(weight.name))


def _is_matrix(value: Any) -> bool:
    if getattr(value, "ndim", 0) != 2 or min(value.shape) < 2:
        return False
    # Half precisions of other makers have the kind V.
    return value.dtype.kind in "biuf" or (value.dtype.kind == "V" and value.dtype.names is None)


def _cells(key: str, value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, list):
        return [(f"{key}{i}", item) for i, item in enumerate(value, start=1)]
    return [(key, value)]
