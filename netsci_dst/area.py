"""The area across epochs (AAE, CHT): how well a training did over its whole length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import NetsciError


@dataclass
class Area:
    """The area under the evaluations of a training, kept up to date at a constant cost.

    Attributes
    ----------
    n
        Evaluations so far.
    first, last
        Epochs of the first and the last.
    value
        The metric at the last.
    total
        The trapezoid so far, in epochs times the metric's unit.
    """

    n: int = 0
    first: float = 0.0
    last: float = 0.0
    value: float = 0.0
    total: float = 0.0

    def add(self, epoch: float, value: float) -> float:
        """Take in an evaluation, in order of epoch; return the area over the epochs so far."""
        if self.n:
            self.total += (epoch - self.last) * (self.value + value) / 2
        else:
            self.first = epoch
        self.n, self.last, self.value = self.n + 1, epoch, value
        span = self.last - self.first
        return self.total / span if span else value


def area_across_epochs(epochs: ArrayLike, metric: ArrayLike) -> float:
    """Return AAE: the trapezoid of a metric over epochs, over the span of the epochs (CHT).

    With evaluations at epochs 1 to E this is the sum over (E − 1). One evaluation is its own mean.
    Evaluations that are not finite are left out.

    Parameters
    ----------
    epochs, metric
        When each evaluation was, and its value, shape ``(n,)`` each.

    Returns
    -------
    float
        The area over the span, in the metric's unit; NaN without a finite evaluation.

    Raises
    ------
    NetsciError
        If the two are not of one shape ``(n,)``.

    Examples
    --------
    >>> area_across_epochs([1, 2, 3], [0.5, 0.7, 0.9])
    0.7
    >>> area_across_epochs([0, 1, 3], [0.0, 1.0, 1.0])
    0.8333333333333334
    """
    x, y = _finite(epochs, metric)
    if not x.size:
        return float("nan")
    if x[0] == x[-1]:
        return float(y.mean())
    area = Area()
    return [area.add(*point) for point in zip(x.tolist(), y.tolist())][-1]


def areas_to_common_epoch(curves: Sequence[tuple[ArrayLike, ArrayLike]]) -> list[float]:
    """Return AAE of several trainings over the epochs that all of them have (CHT, appendix I).

    Every curve is cut to the span from the last of the first evaluations to the first of the last
    ones, with its value at the cut interpolated; NaN where it has none, or the span is empty.

    Parameters
    ----------
    curves
        Epochs and metric of each training, shapes ``(n,)``.

    Returns
    -------
    list of float
        The area of each curve, in the order given.

    Examples
    --------
    >>> areas_to_common_epoch([([1, 2, 3], [0, 1, 1]), ([1, 2], [0.5, 0.5])])
    [0.5, 0.5]
    """
    finite = [_finite(*curve) for curve in curves]
    known = [x for x, _ in finite if x.size]
    if not known:
        return [float("nan")] * len(finite)
    start, end = max(x[0] for x in known), min(x[-1] for x in known)
    if start > end:
        return [float("nan")] * len(finite)
    return [_area_within(x, y, start, end) if x.size else float("nan") for x, y in finite]


def _area_within(x: NDArray[np.float64], y: NDArray[np.float64], start: float, end: float) -> float:
    inside = (x > start) & (x < end)
    at = np.concatenate([[start], x[inside], [end]])
    return area_across_epochs(at, np.interp(at, x, y))


def _finite(epochs: ArrayLike, metric: ArrayLike) -> tuple[NDArray[np.float64], ...]:
    """Return the finite evaluations in order of epoch."""
    x, y = np.asarray(epochs, dtype=float), np.asarray(metric, dtype=float)
    if x.shape != y.shape or x.ndim != 1:
        raise NetsciError(f"epochs and metric have shapes {x.shape} and {y.shape}; expected (n,)")
    keep = np.isfinite(x) & np.isfinite(y)
    order = np.argsort(x[keep], kind="stable")
    return x[keep][order], y[keep][order]
