"""How many links each layer of a network gets."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...errors import RecipeError, UnknownName

KINDS = ("uniform", "er", "erk")


def allocate(kind: str, shapes: Sequence[Sequence[int]], sparsity: float) -> list[int]:
    """Return the number of links of each layer.

    Parameters
    ----------
    kind
        ``uniform``: the same density everywhere. ``er``: density in proportion to
        ``(n_in + n_out) / (n_in n_out)`` (Mocanu et al. 2018). ``erk``: kernels count too,
        ``(n_in + n_out + w + h) / (n_in n_out w h)`` (Evci et al. 2020).
    shapes
        ``(n_in, n_out)`` of a linear layer, ``(n_in, n_out, w, h)`` of a convolution.
    sparsity
        Share of the possible links that is absent, from 0 to less than 1.

    Returns
    -------
    list of int
        At least one link per layer. ``uniform`` rounds each layer by itself; ``er`` and ``erk``
        add up to the rounded total exactly, a layer that would exceed density 1 being dense.

    Raises
    ------
    UnknownName, RecipeError
        For an unknown kind, an impossible shape or sparsity.

    Examples
    --------
    >>> allocate("uniform", [(784, 1568), (1568, 1568)], 0.99)
    [12293, 24586]
    >>> allocate("er", [(784, 1568), (1568, 1568)], 0.99)
    [15805, 21074]
    """
    if kind not in KINDS:
        raise UnknownName("allocation", kind, KINDS)
    if not 0 <= sparsity < 1:
        raise RecipeError(f"sparsity is {sparsity}; it must be at least 0 and less than 1")
    sizes = [_n_positions(shape) for shape in shapes]
    if kind == "uniform":
        return [max(1, round((1 - sparsity) * size)) for size in sizes]
    raw = np.array([_relative_density(kind, shape) for shape in shapes])
    return _solve(raw, np.array(sizes, float), max(len(sizes), round((1 - sparsity) * sum(sizes))))


def _n_positions(shape: Sequence[int]) -> int:
    sides = np.asarray(shape)
    if sides.shape not in ((2,), (4,)) or sides.dtype.kind not in "iu" or sides.min() < 1:
        raise RecipeError(f"{shape!r} is no layer: give (n_in, n_out) or (n_in, n_out, w, h)")
    return math.prod(int(side) for side in shape)


def _relative_density(kind: str, shape: Sequence[int]) -> float:
    sides = shape if kind == "erk" else shape[:2]
    return sum(sides) / math.prod(sides)


def _solve(raw: np.ndarray, sizes: np.ndarray, total: int) -> list[int]:
    dense = np.zeros(len(raw), bool)
    wanted = sizes.copy()
    while not dense.all():
        scale = (total - sizes[dense].sum()) / (raw * sizes)[~dense].sum()
        over = ~dense & (scale * raw > 1)
        if not over.any():
            wanted[~dense] = (scale * raw * sizes)[~dense]
            break
        dense |= over
    return _round_to_total(wanted, sizes, total)


def _round_to_total(wanted: np.ndarray, sizes: np.ndarray, total: int) -> list[int]:
    """Round by largest remainder, at least 1 and at most the size of each layer."""
    counts = np.clip(np.floor(wanted + 1e-9), 1, sizes).astype(np.int64)
    while counts.sum() != total:
        step = 1 if counts.sum() < total else -1
        free = counts < sizes if step > 0 else counts > 1
        gap = np.where(free, step * (wanted - counts), -np.inf)
        counts[np.argmax(gap)] += step
    return counts.tolist()
