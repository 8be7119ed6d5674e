"""Correlated sparse topological initialisation: links between correlated input features."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...errors import DataError, RecipeError
from ...registry import register
from ._sampling import sample_distinct

# Correlations that are equal on paper (duplicated features) must tie in floating point too.
_DECIMALS = 12
# Samples at a time: all training samples of a large data set would not fit in float64.
_ROWS = 4096


@register("initialiser", "csti", source="CHT section 3.2, figure A4", needs_features=True)
def csti(
    n_source: int,
    n_target: int,
    n_links: int,
    *,
    rng: np.random.Generator,
    features: np.ndarray | None = None,
) -> np.ndarray:
    """Link the neurons whose input features correlate most.

    The matrix of |Pearson correlation| of the features, with zeros on its diagonal and where a
    feature is constant, is tiled over the layer and cut to its size; the largest entries become
    links, ties at random.

    Parameters
    ----------
    features
        Calibration sample, shape (n_samples, n_features).

    Returns
    -------
    numpy.ndarray
        int64 keys ``source * n_target + target``, increasing, shape (n_links,).

    Raises
    ------
    RecipeError
        When no features are given.
    DataError
        When they are not a finite matrix of at least two samples.
    """
    if features is None:
        raise RecipeError("csti needs a sample of the input features; use brf where there is none")
    strength = absolute_correlation(features)
    size = len(strength)
    copies = _repeats(n_source, size)[:, None] * _repeats(n_target, size)[None, :]
    certain, tied, n_tied = _split_at_rank(strength.ravel(), copies.ravel(), n_links)
    keys = _expand(certain, n_source, n_target, size, None)
    if n_tied:
        count = copies.ravel()[tied].sum()
        chosen = sample_distinct(int(count), n_tied, rng)
        keys = np.concatenate([keys, _expand(tied, n_source, n_target, size, chosen)])
    return np.sort(keys)


def absolute_correlation(features: np.ndarray) -> np.ndarray:
    """Return |Pearson correlation| of the columns, 0 on the diagonal and where undefined.

    Parameters
    ----------
    features
        Shape (n_samples, n_features); more dimensions are flattened.
    """
    given = np.asarray(features)
    if given.ndim < 2 or given.dtype.kind not in "biuf":
        raise DataError(
            f"features are a matrix of numbers, not {given.dtype} of shape {given.shape}"
        )
    if len(given) < 2 or not given.size:
        raise DataError(f"a correlation needs at least 2 samples of a feature, not {given.shape}")
    x = given.reshape(len(given), -1)
    if not np.isfinite(x).all():
        raise DataError("the features hold NaN or infinity; clean the data first")
    # By a power of two, which rounds nothing: squares of very large or small numbers would.
    power = -np.frexp(np.abs(x).max(axis=0).astype(np.float64))[1]
    constant = (x == x[0]).all(axis=0)
    mean = sum(part.sum(axis=0) for part in _scaled(x, power)) / len(x)
    products = sum((part - mean).T @ (part - mean) for part in _scaled(x, power))
    norm = np.sqrt(np.diag(products))
    norm[constant] = 1.0
    correlation = np.abs(products / np.outer(norm, norm))
    correlation[constant] = correlation[:, constant] = 0.0
    correlation = np.maximum(correlation, correlation.T)
    correlation = np.round(correlation, _DECIMALS)
    np.fill_diagonal(correlation, 0.0)
    return correlation


def _scaled(x: np.ndarray, power: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the rows in parts, float64, each column times a power of two."""
    for start in range(0, len(x), _ROWS):
        yield np.ldexp(x[start : start + _ROWS].astype(np.float64), power)


def _repeats(n: int, size: int) -> np.ndarray:
    """How often each of ``size`` features occurs among ``n`` neurons."""
    counts = np.full(size, n // size, np.int64)
    counts[: n % size] += 1
    return counts


def _split_at_rank(
    strength: np.ndarray, copies: np.ndarray, n_links: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return entries that are surely links, those tied at the threshold, and how many of these."""
    order = np.argsort(-strength, kind="stable")
    total = np.cumsum(copies[order])
    if n_links == 0:
        return order[:0], order[:0], 0
    threshold = strength[order[np.searchsorted(total, n_links)]]
    certain = np.flatnonzero((strength > threshold) & (copies > 0))
    tied = np.flatnonzero((strength == threshold) & (copies > 0))
    return certain, tied, n_links - int(copies[certain].sum())


def _expand(
    entries: np.ndarray, n_source: int, n_target: int, size: int, chosen: np.ndarray | None
) -> np.ndarray:
    """Return the keys of all copies of some entries of the tile, or of the ``chosen`` copies."""
    row, column = entries // size, entries % size
    across = _repeats(n_target, size)[column]
    counts = _repeats(n_source, size)[row] * across
    ends = np.cumsum(counts)
    copy = np.arange(ends[-1] if len(ends) else 0) if chosen is None else chosen
    which = np.searchsorted(ends, copy, side="right")
    within = copy - (ends - counts)[which]
    source = row[which] + size * (within // across[which])
    target = column[which] + size * (within % across[which])
    return source * n_target + target
