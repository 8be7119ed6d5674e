"""How many links each layer of a network gets."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ... import registry
from ...errors import RecipeError


def allocate(kind: str, shapes: Sequence[Sequence[int]], sparsity: float) -> list[int]:
    """Return the number of links of each layer.

    Parameters
    ----------
    kind
        A registered allocation: `uniform`, `er`, `erk`, or one of one's own,
        ``fn(shapes, sparsity)``.
    shapes
        ``(n_in, n_out)`` of a linear layer, ``(n_in, n_out, w, h)`` of a convolution in two
        dimensions, with as many sides of the kernel as there are in others.
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
    share = registry.get("allocation", kind).target
    if not 0 <= sparsity < 1:
        raise RecipeError(f"sparsity is {sparsity}; it must be at least 0 and less than 1")
    for shape in shapes:
        _n_positions(shape)
    return share(shapes, sparsity)


@registry.register("allocation", "uniform", source="CHT; CHTss: what they call ER")
def uniform(shapes: Sequence[Sequence[int]], sparsity: float) -> list[int]:
    """Give every layer the same density."""
    return [max(1, round((1 - sparsity) * _n_positions(shape))) for shape in shapes]


@registry.register("allocation", "er", source="Mocanu et al. 2018; Survival table 2")
def er(shapes: Sequence[Sequence[int]], sparsity: float) -> list[int]:
    """Give small layers more: density in proportion to (n_in + n_out) / (n_in n_out)."""
    return _in_proportion([sum(s[:2]) / math.prod(s[:2]) for s in shapes], shapes, sparsity)


@registry.register("allocation", "erk", source="Evci et al. 2020; Survival table 2")
def erk(shapes: Sequence[Sequence[int]], sparsity: float) -> list[int]:
    """Give small layers and kernels more: (n_in + n_out + w + h) / (n_in n_out w h)."""
    return _in_proportion([sum(s) / math.prod(s) for s in shapes], shapes, sparsity)


def _n_positions(shape: Sequence[int]) -> int:
    sides = np.asarray(shape)
    if sides.ndim != 1 or sides.size < 2 or sides.dtype.kind not in "iu" or sides.min() < 1:
        raise RecipeError(
            f"{shape!r} is no layer: give (n_in, n_out), and the sides of its kernel if it has one"
        )
    return math.prod(int(side) for side in shape)


def _in_proportion(
    densities: Sequence[float], shapes: Sequence[Sequence[int]], sparsity: float
) -> list[int]:
    sizes = np.array([_n_positions(shape) for shape in shapes], float)
    total = max(len(sizes), round((1 - sparsity) * sizes.sum()))
    return _solve(np.array(densities), sizes, total)


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
