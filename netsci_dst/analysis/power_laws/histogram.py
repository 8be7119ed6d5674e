"""Values and options of a power-law fit, checked."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...checks import whole_number
from ...errors import NetsciError

# Beyond it, neighbouring integers are one floating-point number.
_LARGEST = 9e15


def as_histogram(
    values: ArrayLike, counts: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return distinct values, increasing, and how often each occurs; refuse what is no datum."""
    x = np.asarray(values)
    if x.dtype.kind not in "biuf" and x.size:
        raise NetsciError(f"a power law needs numbers, not values of type {x.dtype}")
    x = x.astype(np.float64).ravel()
    if not np.isfinite(x).all():
        raise NetsciError("a power law needs finite values, but some are NaN or infinite")
    if x.size and x.min() < 0:
        raise NetsciError(f"a power law needs values of at least 0, but one is {x.min():g}")
    if counts is None:
        u, number = np.unique(x, return_counts=True)
        return u, number.astype(np.int64)
    weights = np.asarray(counts).ravel()
    if weights.shape != x.shape:
        raise NetsciError(f"there are {x.size} values but {weights.size} counts")
    if weights.size and (weights.dtype.kind not in "biu" or weights.min() < 0):
        raise NetsciError("counts must be integers of at least 0")
    u, place = np.unique(x, return_inverse=True)
    number = np.zeros(u.size, np.int64)
    np.add.at(number, place, weights.astype(np.int64))
    return u[number > 0], number[number > 0]


def kind_of(u: NDArray[np.float64], asked: bool | None, xmin: Any, support: str) -> int:
    """Return whether values are taken as reals, integers, or integers where observed.

    Integers too large to be told apart are taken as reals.
    """
    from .distance import INTEGER, OBSERVED, REAL

    if support not in ("full", "observed"):
        raise NetsciError(f"support must be 'full' or 'observed', not {support!r}")
    whole = bool((u == np.floor(u)).all())
    if asked and not whole:
        raise NetsciError("discrete=True needs integers, but some values are not")
    if whole and u.size and u[-1] >= _LARGEST:
        if asked or support == "observed":
            raise NetsciError(
                f"integers of {_LARGEST:g} and more cannot be told apart: leave out discrete and "
                "support, to fit real numbers"
            )
        whole = False
    if not (whole if asked is None else asked):
        if support == "observed":
            raise NetsciError("support='observed' is for integers only")
        return REAL
    if isinstance(xmin, (int, float)) and not float(xmin).is_integer():
        raise NetsciError(f"xmin must be whole for integers, not {xmin} (or say discrete=False)")
    return INTEGER if support == "full" else OBSERVED


def check_options(xmin: float | tuple[float, float] | None, bootstraps: int, workers: int) -> None:
    """Refuse options that make no sense."""
    if isinstance(xmin, (tuple, list)):
        if len(xmin) != 2 or not 0 <= xmin[0] <= xmin[1]:
            raise NetsciError(f"the range of xmin must be (lowest, highest), not {xmin}")
    elif xmin is not None and not (math.isfinite(xmin) and xmin > 0):
        raise NetsciError(f"xmin must be positive and finite, not {xmin}")
    whole_number("bootstraps", bootstraps)
    whole_number("workers", workers, 1)
