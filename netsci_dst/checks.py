"""Checks of arguments that many functions share."""

from __future__ import annotations

import numbers
import operator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import NetsciError


def whole_number(name: str, value: Any, least: int = 0) -> int:
    """Return a whole number of at least ``least``; 2.0 is one, 2.5 and NaN are not.

    Raises
    ------
    NetsciError
        Naming the argument.
    """
    try:
        number = operator.index(value)
    except TypeError:
        whole = isinstance(value, numbers.Real) and float(value).is_integer()
        number = int(float(value)) if whole else least - 1
    if number < least:
        raise NetsciError(f"{name} must be a whole number of at least {least}, not {value!r}")
    return number


def finite_numbers(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return a flat array of finite numbers.

    Raises
    ------
    NetsciError
        If it has several dimensions, or holds anything else.
    """
    array = np.asarray(values)
    if array.size == 0:
        array = array.astype(float)
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        raise NetsciError(f"{name} must be numbers in one dimension, not {_said(array)}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise NetsciError(f"{name} hold NaN or infinity")
    return array.astype(np.float64)


def whole_numbers(name: str, values: ArrayLike) -> NDArray[np.int64]:
    """Return a flat array of whole numbers.

    Raises
    ------
    NetsciError
        If it has several dimensions, or holds anything else, truth values included.
    """
    array = np.asarray(values)
    if array.size == 0:
        array = array.astype(np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise NetsciError(f"{name} must be whole numbers in one dimension, not {_said(array)}")
    return array.astype(np.int64)


def _said(array: NDArray[Any]) -> str:
    return f"{array.dtype} of shape {array.shape}"
