"""Where neurons are drawn: in their layers, and in the hyperbolic disk."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..topology import Population


def disk_layout(
    theta: NDArray[np.float64], r: NDArray[np.float64], top: float | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y in the unit disk; NaN for neurons that are not placed."""
    top = top or float(np.nanmax(r, initial=1e-9)) or 1.0
    return r / top * np.cos(theta), r / top * np.sin(theta)


def network_layout(
    populations: Sequence[Population], aspect: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y in the unit square: a block of neurons per population, left to right.

    An input on a two-dimensional grid keeps it; others fill columns from top to bottom. The one
    population of a general network lies on a ring. ``aspect`` is width over height.
    """
    if len(populations) == 1:
        turn = np.linspace(0, 2 * np.pi, populations[0].size, endpoint=False)
        return 0.5 + 0.46 * np.sin(turn) / aspect, 0.5 - 0.46 * np.cos(turn)
    slot = 1 / len(populations)
    xs, ys = [], []
    for i, population in enumerate(populations):
        rows, columns = block(population, slot * aspect)
        row, column = _places(population, rows, columns)
        share = GRID_SHARE if on_grid(population) else BLOCK_SHARE
        wide = min(0.92 / rows, share * slot * aspect / max(columns - 1, 1))
        tall = wide if on_grid(population) else 0.92 / rows
        xs.append((i + 0.5) * slot + (column - (columns - 1) / 2) * wide / aspect)
        ys.append(0.5 + (row - (rows - 1) / 2) * tall)
    return np.concatenate(xs), np.concatenate(ys)


# Shares of a population's slot that its neurons fill; the rest is left for the links.
GRID_SHARE, BLOCK_SHARE = 0.8, 0.36


def block(population: Population, slot: float) -> tuple[int, int]:
    """Return rows and columns of a population's block, for a height of 1 and a slot this wide."""
    if on_grid(population):
        *rows, columns = population.shape or (1,)
        return int(np.prod(rows)), int(columns)
    pitch = np.sqrt(0.92 * BLOCK_SHARE * slot / population.size)
    columns = max(1, round(BLOCK_SHARE * slot / pitch))
    return -(-population.size // columns), columns


def on_grid(population: Population) -> bool:
    """Whether the neurons are inputs on a grid of two or three dimensions."""
    shape = population.shape or ()
    return len(shape) in (2, 3) and population.role == "input" and population.size > 1


def _places(population: Population, rows: int, columns: int) -> tuple[NDArray, NDArray]:
    index = np.arange(population.size)
    if on_grid(population):
        return index // columns, index % columns
    return index % rows, index // rows
