"""All eigenvectors of a large symmetric matrix, the last and dearest products in single precision.

The eigenvalues and the eigenvectors of the tridiagonal form are computed in double precision,
so that neighbouring eigenvectors do not mix; only the orthogonal change back to the nodes, which
cannot amplify an error, is done in single precision.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLOCK = 128


def eigenvectors(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return increasing eigenvalues, and eigenvectors as columns, good to about 1e-6.

    ``matrix`` is overwritten.
    """
    import scipy.linalg

    lapack: Any = scipy.linalg.lapack

    n = matrix.shape[0]
    room = int(lapack.dsytrd_lwork(n, lower=1)[0])
    # A symmetric matrix in C order is the same one in Fortran order.
    packed, diagonal, beside, tau, _ = lapack.dsytrd(matrix.T, lower=1, lwork=room, overwrite_a=1)
    values, inner = _tridiagonal(diagonal, beside)
    return values, _change_back(packed, tau, inner.astype(np.float32, order="F"))


def _tridiagonal(
    diagonal: NDArray[np.float64], beside: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from scipy.linalg import LinAlgError, eigh_tridiagonal

    probe = np.cos(np.arange(diagonal.size))
    # Divide and conquer is not in every scipy; the relatively robust one can fail on graphs of
    # equal parts; the last always works, slowly.
    for driver in ("stevd", "stemr", "stev"):
        try:
            values, vectors = eigh_tridiagonal(diagonal, beside, lapack_driver=driver)
        except (ValueError, LinAlgError):
            continue
        if np.abs(vectors @ (vectors.T @ probe) - probe).max() < 1e-8:
            break
    return values, vectors


def _change_back(
    packed: NDArray[np.float64], tau: NDArray[np.float64], vectors: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Apply the reflections of the tridiagonal reduction, a block at a time."""
    from scipy.linalg import solve_triangular

    n = packed.shape[0]
    for first in reversed(range(0, n - 1, _BLOCK)):
        last = min(first + _BLOCK, n - 1)
        mirror = np.tril(packed[first + 1 :, first:last], -1)
        np.fill_diagonal(mirror, 1.0)
        scale = tau[first:last].copy()
        mirror[:, scale == 0] = 0.0
        scale[scale == 0] = 1.0
        inverse = np.triu(mirror.T @ mirror, 1) + np.diag(1.0 / scale)
        combined = solve_triangular(inverse, mirror.T).astype(np.float32)
        below = vectors[first + 1 :]
        below -= mirror.astype(np.float32) @ (combined @ below)
    return vectors


def signed_square(vectors: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[Any]:
    """Return ``vectors diag(weights) vectorsᵀ``; only the upper triangle is filled."""
    import scipy.linalg

    ssyrk: Any = scipy.linalg.blas.ssyrk  # type: ignore[attr-defined]

    root = np.sqrt(np.abs(weights)).astype(np.float32)
    up = weights > 0
    plus = np.asfortranarray(vectors[:, up] * root[up])
    minus = np.asfortranarray(vectors[:, ~up] * root[~up])
    total = ssyrk(1.0, plus, lower=1)
    if minus.shape[1]:
        total = ssyrk(-1.0, minus, beta=1.0, c=total, lower=1, overwrite_c=1)
    return total.T
