"""Angles of successive embeddings, turned so that neurons move as little as they can."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def aligned(
    theta: NDArray[np.float64], reference: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Rotate and, where it helps, mirror angles onto a reference.

    An embedding is defined up to rotation and reflection; the one is taken that maximises the mean
    cosine between old and new angles of the neurons placed in both (closed form: the argument of
    the mean of ``exp(i(θ_ref − θ))``). NaN marks neurons that are not placed.
    """
    if reference is None:
        return np.mod(theta, 2 * np.pi)
    both = np.isfinite(theta) & np.isfinite(reference)
    if not both.any():
        return np.mod(theta, 2 * np.pi)
    straight = np.exp(1j * (reference[both] - theta[both])).mean()
    mirrored = np.exp(1j * (reference[both] + theta[both])).mean()
    if abs(mirrored) > abs(straight):
        return np.mod(np.angle(mirrored) - theta, 2 * np.pi)
    return np.mod(np.angle(straight) + theta, 2 * np.pi)
