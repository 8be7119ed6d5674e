"""Products with dense and sparse matrices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# So many products are held at once; a dense matrix up to this size is made for larger batches.
_AT_ONCE = 2**20
_LARGEST_DENSE = 2**24
_FEW_ROWS = 8

Run = Callable[[np.ndarray], np.ndarray]


def linear(
    weight: np.ndarray | None = None,
    bias: np.ndarray | None = None,
    starts: np.ndarray | None = None,
    sources: np.ndarray | None = None,
    values: np.ndarray | None = None,
    n_source: int = 0,
) -> Run:
    """Return ``x -> x W^T + bias``.

    ``weight`` is ``(out, in)``; or the links come target by target, as ``starts`` over targets,
    ``sources`` and ``values``.
    """
    if weight is not None:
        product = _dense(weight.T)
    else:
        assert starts is not None
        assert sources is not None
        assert values is not None
        product = _sparse(starts.astype(np.int64), sources, values, n_source)
    return product if bias is None else lambda x: product(x) + bias


def _dense(transposed: np.ndarray) -> Run:
    return lambda x: x @ transposed


def dense_weight(
    starts: np.ndarray, sources: np.ndarray, values: np.ndarray, n_source: int
) -> np.ndarray:
    """Return links as a matrix ``(out, in)``."""
    weight = np.zeros((len(starts) - 1, n_source), values.dtype)
    weight[np.repeat(np.arange(len(starts) - 1), np.diff(starts)), sources] = values
    return weight


def _sparse(starts: np.ndarray, sources: np.ndarray, values: np.ndarray, n_source: int) -> Run:
    n_target = len(starts) - 1
    fed = np.flatnonzero(np.diff(starts))
    first, factors = starts[fed], values[:, None]
    size = max(1, _AT_ONCE // max(1, len(values)))
    dense: list[np.ndarray] = []

    def gathered(x: np.ndarray) -> np.ndarray:
        y = np.zeros((n_target, len(x)), np.result_type(x, values))
        if len(fed):
            y[fed] = np.add.reduceat(x.T[sources] * factors, first, axis=0)
        return y.T

    def product(x: np.ndarray) -> np.ndarray:
        rows = x.reshape(-1, n_source)
        if len(rows) > _FEW_ROWS and n_target * n_source <= _LARGEST_DENSE:
            if not dense:
                dense.append(dense_weight(starts, sources, values, n_source).T)
            y = rows @ dense[0]
        else:
            parts = [gathered(rows[i : i + size]) for i in range(0, len(rows), size)]
            y = np.concatenate(parts) if parts else gathered(rows)
        return y.reshape(*x.shape[:-1], n_target)

    return product
