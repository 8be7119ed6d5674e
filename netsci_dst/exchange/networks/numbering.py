"""Nodes numbered by their names: numbers by value, text in alphabetical order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_WHOLE = r"^(?:0|-?[1-9][0-9]*)$"
Numbered = tuple[Sequence[str] | None, NDArray[np.int64]]


def number_nodes(labels: Any) -> Numbered:
    """Return the names of the different labels and, for each label, the number of its name.

    The names are None when they are 0 to n − 1.

    Examples
    --------
    >>> number_nodes(["10", "9", "10"])
    (['9', '10'], array([1, 0, 1]))
    """
    series = pd.Series(labels).reset_index(drop=True)
    if series.dtype != np.int64:
        series = series.astype("str")
    values = series.to_numpy() if series.dtype == np.int64 else as_integers(series)
    if values is not None:
        found, codes = _different(values)
        plain = found.size == 0 or (found[0] == 0 and found[-1] == found.size - 1)
        return None if plain else [str(value) for value in found.tolist()], codes
    codes, found = pd.factorize(series)
    names = found.tolist()
    order = sorted(range(len(names)), key=_order(names))
    place = np.empty(len(names), dtype=np.int64)
    place[order] = np.arange(len(names))
    return [names[i] for i in order], place[codes]


def _different(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return `numpy.unique` with the inverse, by a table where the values lie close together."""
    low, high = (int(values.min()), int(values.max())) if values.size else (0, -1)
    if high - low > 4 * values.size + 1_000:
        found, codes = np.unique(values, return_inverse=True)
        return found, codes.ravel()
    there = np.zeros(high - low + 1, dtype=bool)
    there[values - low] = True
    place = np.cumsum(there) - 1
    return np.flatnonzero(there) + low, place[values - low]


def as_integers(series: pd.Series) -> NDArray[np.int64] | None:
    """Return whole numbers as such; None if one is none, or begins with 0, or is beyond int64."""
    if len(series) and not series.iloc[:1000].str.match(_WHOLE).all():
        return None
    if not series.str.match(_WHOLE).all():
        return None
    try:
        return series.astype(np.int64).to_numpy()
    except (ValueError, OverflowError, TypeError):
        return None


def _order(names: list[str]) -> Any:
    try:
        values = [int(name) for name in names]
    except ValueError:
        try:
            values = [float(name) for name in names]
        except ValueError:
            return lambda i: names[i]
        if not np.isfinite(values).all():
            return lambda i: names[i]
    return lambda i: (values[i], names[i])
