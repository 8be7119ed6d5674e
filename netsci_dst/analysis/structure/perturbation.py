"""First-order structural perturbation: the scores by which removed links are to be found again.

Let A be the adjacency after the removal and Δ the removed links. With the eigenvectors of A made
right for Δ inside degenerate eigenspaces, the perturbed matrix is ``Σ (λ_k + x_kᵀ Δ x_k) x_k x_kᵀ``
(Lü et al. 2015, equations 1 to 4). ``Σ λ_k x_k x_kᵀ`` is A itself, which is 0 for every pair to be
scored, so that only ``Σ (x_kᵀ Δ x_k) x_k x_kᵀ`` is computed.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import scipy.sparse
from numba import njit
from numpy.typing import NDArray

from .spectrum import eigenvectors, signed_square

Matrix = NDArray[np.floating]
_SAME = 1e-9  # eigenvalues closer than this, times the spectral radius, are one eigenspace
_ZERO = 1e-10
_LARGE = 1000  # nodes beyond which the last products are in single precision
_SMALL = 1e-3  # singular values below this, times the largest, are not taken from the Gram matrix


def general_scores(n: int, kept: NDArray[np.int64], removed: NDArray[np.int64]) -> Matrix:
    """Return the scores ``(n, n)`` of a general graph; only the upper triangle counts.

    Single precision beyond `_LARGE` nodes.

    Parameters
    ----------
    n
        Number of nodes.
    kept, removed
        Ends of the links that stayed and of those removed, shape ``(2, links)``.
    """
    matrix = np.zeros((n, n))
    matrix[kept[0], kept[1]] = matrix[kept[1], kept[0]] = 1.0
    large = n > _LARGE
    values, vectors = eigenvectors(matrix) if large else np.linalg.eigh(matrix)
    shift = 2.0 * _shifts(vectors, vectors, removed[0], removed[1])
    for group in _groups(values):
        part = vectors[:, group]
        inside = part[removed[0]].T @ part[removed[1]]
        shift[group], turn = np.linalg.eigh(inside + inside.T)
        vectors[:, group] = part @ turn
    return signed_square(vectors, shift) if large else (vectors * shift) @ vectors.T


def bipartite_scores(
    shape: tuple[int, int], kept: NDArray[np.int64], removed: NDArray[np.int64]
) -> Matrix:
    """Return the scores ``(p, q)`` of pairs across a bipartite graph; all others are exactly 0.

    The eigenvectors are ``(u, ±v)/√2`` of the singular triples of the biadjacency, and the two of
    a triple cancel but for the block across. The kernel, where the eigenvalue is 0, adds the
    projection of Δ on the left and right null spaces. Singular vectors come from the smaller
    Gram matrix, small singular values from the projection of the matrix on their subspace. The
    last product is in single precision beyond `_LARGE` nodes.

    Parameters
    ----------
    shape
        ``(p, q)``, the sizes of the two sides.
    kept, removed
        Positions in the two sides of the ends of the links, shape ``(2, links)``.
    """
    if shape[0] > shape[1]:
        return bipartite_scores((shape[1], shape[0]), kept[::-1], removed[::-1]).T
    matrix = scipy.sparse.coo_array((np.ones(kept.shape[1]), (kept[0], kept[1])), shape).tocsr()
    left, right, sigma, null = _singular_triples(matrix)
    shift = _shifts(left, right, removed[0], removed[1])
    for group in _groups(sigma):
        u, v = left[:, group], right[:, group]
        inside = u[removed[0]].T @ v[removed[1]]
        shift[group], turn = np.linalg.eigh((inside + inside.T) / 2)
        left[:, group], right[:, group] = u @ turn, v @ turn
    precision = np.float32 if sum(shape) > _LARGE else np.float64
    scores = (left * shift).astype(precision) @ right.T.astype(precision)
    if null.shape[1]:
        delta = scipy.sparse.coo_array(
            (np.ones(removed.shape[1]), (removed[0], removed[1])), shape
        ).tocsc()
        inner = (delta.T @ null).T
        inner -= (inner @ right) @ right.T
        scores += null.astype(precision) @ inner.astype(precision)
    return scores


def _singular_triples(
    matrix: scipy.sparse.csr_array,
) -> tuple[Matrix, Matrix, NDArray[np.float64], Matrix]:
    """Return left and right vectors, increasing singular values, and the left null space."""
    squares, left = np.linalg.eigh((matrix @ matrix.T).toarray())
    largest = np.sqrt(max(squares[-1], 0.0))
    sigma = np.sqrt(np.maximum(squares, 0.0))
    count = int((sigma < _SMALL * largest).sum())
    image = np.asarray(matrix.T @ left)
    right = np.empty_like(image)
    right[:, count:] = image[:, count:] / sigma[count:]
    if count:
        y, small, turn = np.linalg.svd(image[:, :count], full_matrices=False)
        right[:, :count] = y[:, ::-1]
        sigma[:count] = small[::-1]
        left[:, :count] = left[:, :count] @ turn.T[:, ::-1]
    null = int((sigma <= _ZERO * largest).sum())
    return left[:, null:], right[:, null:], sigma[null:], left[:, :null]


def _groups(values: NDArray[np.float64]) -> list[slice]:
    """Return the runs of two or more increasing eigenvalues that are the same."""
    if values.size < 2:
        return []
    radius = max(1.0, float(np.abs(values).max()))
    breaks = np.flatnonzero(np.diff(values) > _SAME * radius) + 1
    edges = np.concatenate([[0], breaks, [values.size]])
    return [slice(int(a), int(b)) for a, b in itertools.pairwise(edges) if b - a > 1]


@njit(cache=True, nogil=True)
def _shifts(
    left: NDArray[Any], right: NDArray[Any], rows: NDArray[Any], columns: NDArray[Any]
) -> NDArray[np.float64]:
    """Return ``Σ left[i, k] right[j, k]`` over the removed links (i, j), for every k."""
    out = np.zeros(left.shape[1])
    for e in range(rows.size):
        i, j = rows[e], columns[e]
        for k in range(out.size):
            out[k] += left[i, k] * right[j, k]
    return out


@njit(cache=True, nogil=True)
def unobserved(
    scores: NDArray[Any],
    upper: bool,
    observed_indptr: NDArray[Any],
    observed_indices: NDArray[Any],
    floor: float,
) -> NDArray[np.float64]:
    """Return the scores above ``floor`` of the pairs that are not among the kept links."""
    size = 0
    for fill in range(2):
        out = np.empty(size, scores.dtype)
        size = 0
        mark = np.full(scores.shape[1], -1, np.int64)
        for i in range(scores.shape[0]):
            for e in range(observed_indptr[i], observed_indptr[i + 1]):
                mark[observed_indices[e]] = i
            for j in range(i + 1 if upper else 0, scores.shape[1]):
                if mark[j] != i and scores[i, j] > floor:
                    if fill:
                        out[size] = scores[i, j]
                    size += 1
    return out


@njit(cache=True)
def two_sides(indptr: NDArray[Any], indices: NDArray[Any]) -> NDArray[np.int64]:
    """Colour a graph without isolated nodes 0 and 1; all -1 when it has an odd cycle.

    In each component the smaller side gets colour 0.
    """
    n = indptr.size - 1
    side = np.full(n, -1, np.int64)
    queue = np.empty(n, np.int64)
    for root in range(n):
        if side[root] >= 0:
            continue
        side[root] = 0
        queue[0] = root
        head, tail, ones = 0, 1, 0
        while head < tail:
            node = queue[head]
            head += 1
            for e in range(indptr[node], indptr[node + 1]):
                other = indices[e]
                if side[other] < 0:
                    side[other] = 1 - side[node]
                    ones += side[other]
                    queue[tail] = other
                    tail += 1
                elif side[other] == side[node]:
                    side[:] = -1
                    return side
        if 2 * ones < tail:
            for i in range(tail):
                side[queue[i]] = 1 - side[queue[i]]
    return side
