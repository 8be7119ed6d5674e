"""Facts about nodes as columns: numbers where all are numbers, text otherwise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def column(values: Iterable[Any]) -> NDArray[Any]:
    """Return values as a column of a `Population`; None stands for no value.

    Truth values give bool, whole numbers int64, numbers float64 with NaN for none, anything else
    text with None for none.
    """
    found = [_plain(value) for value in values]
    known = [value for value in found if value is not None]
    if known and len(known) == len(found):
        if all(isinstance(value, bool) for value in known):
            return np.array(known, dtype=bool)
        if all(type(value) is int and abs(value) < 2**63 for value in known):
            return np.array(known, dtype=np.int64)
    if known and all(_is_number(value) for value in known):
        return np.array([math.nan if value is None else float(value) for value in found])
    texts = (None if value is None else _text(value) for value in found)
    return np.fromiter(texts, dtype=object, count=len(found))


def columns(rows: Iterable[Mapping[Any, Any]]) -> dict[str, NDArray[Any]]:
    """Return the columns of rows, each a mapping from attribute to value."""
    listed = list(rows)
    keys = dict.fromkeys(key for row in listed for key in row)
    return {str(key): column(row.get(key) for row in listed) for key in keys if str(key)}


def value(column: NDArray[Any], i: int) -> Any:
    """Return one value as Python's own number or text; None where there is none."""
    found = column[i]
    found = found.item() if hasattr(found, "item") else found
    return None if isinstance(found, float) and math.isnan(found) else found


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return isinstance(value, float) or abs(value) < 2**53


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)
