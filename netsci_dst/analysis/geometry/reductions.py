"""Dimension reductions of coalescent embedding: Isomap, minimum curvilinearity, Laplacian maps.

Source: Muscoloni et al. 2017. A kernel of distances, double-centred (ISO, MCE) or not (ncISO,
ncMCE), is embedded by its leading singular vectors scaled by the root of the singular value. The
kernel is symmetric, so these are its eigenvectors in order of the magnitude of the eigenvalue.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse
from numba import njit
from numpy.typing import NDArray

from ...errors import NetsciError, NumericalError
from .shortest_paths import all_pairs, from_sources
from .spectral import extreme_eigenpairs
from .tree import tree_distances

MAX_KERNEL_GIB = 8.0


def kernel_coordinates(
    graph: scipy.sparse.csr_array, reduction: str, dimensions: int, seed: int = 0
) -> NDArray[np.float64]:
    """Return coordinates ``(n, dimensions)`` by ISO, ncISO, MCE or ncMCE.

    Dimensions count from the first of the centred kernel, from the second of the other.

    Raises
    ------
    NetsciError
        If the matrix of distances would not fit in `MAX_KERNEL_GIB`.
    """
    n = graph.indptr.size - 1
    gib = 8.0 * n * n / 2**30
    if gib > MAX_KERNEL_GIB:
        raise NetsciError(
            f"{reduction} of {n} nodes needs a distance matrix of {gib:.0f} GiB (limit "
            f"{MAX_KERNEL_GIB:.0f}): use reduction='LE', or ISO or ncISO with landmarks=1000"
        )
    order = np.arange(n)
    if reduction.endswith("MCE"):
        kernel = tree_distances(graph)
    else:
        order = np.argsort(-np.diff(graph.indptr), kind="stable")
        kernel = all_pairs(scipy.sparse.csr_array(graph[order][:, order]))
    centred = not reduction.startswith("nc")
    if centred:
        _centre(kernel)
    skip = 0 if centred else 1
    values, vectors = extreme_eigenpairs(
        lambda block: (block.T @ kernel).T, n, skip + dimensions, seed=seed
    )
    out = np.empty((n, dimensions))
    out[order] = (vectors * np.sqrt(np.abs(values)))[:, skip:]
    return _signed(out)


def landmark_coordinates(
    graph: scipy.sparse.csr_array, reduction: str, dimensions: int, landmarks: int, seed: int = 0
) -> NDArray[np.float64]:
    """Return coordinates ``(n, dimensions)`` by ISO or ncISO of a random sample of nodes.

    The others are placed by their distances to the landmarks (landmark multidimensional scaling,
    de Silva and Tenenbaum 2004; for ncISO the Nyström extension of the kernel's eigenvectors).
    """
    n = graph.indptr.size - 1
    chosen = np.sort(np.random.default_rng(seed).choice(n, size=landmarks, replace=False))
    distance = from_sources(graph, chosen)
    centred = reduction == "ISO"
    inner = distance[chosen]
    if centred:
        np.square(distance, out=distance)
        distance -= distance[chosen].mean(axis=0)
        distance *= -0.5
        _centre(inner)
    skip = 0 if centred else 1
    values, vectors = extreme_eigenpairs(
        lambda block: (block.T @ inner).T, landmarks, skip + dimensions, seed=seed
    )
    values, vectors = values[skip:], vectors[:, skip:]
    return _signed((distance @ (vectors / values)) * np.sqrt(np.abs(values)))


def laplacian_coordinates(
    graph: scipy.sparse.csr_array, dimensions: int, seed: int = 0
) -> NDArray[np.float64]:
    """Return coordinates ``(n, dimensions)`` by Laplacian eigenmaps, the constant one left out.

    Solves ``L f = λ D f`` for the heat kernel ``exp(-(w / mean w)²)`` through the normalised
    adjacency. Each row is given up to a positive factor of the node, which no angle depends on;
    so a kernel too small for a float does no harm.
    """
    n = graph.indptr.size - 1
    rows = np.repeat(np.arange(n), np.diff(graph.indptr))
    exponent = -np.square(graph.data / graph.data.mean())
    highest = np.maximum.reduceat(exponent, graph.indptr[:-1])
    sums = np.bincount(rows, np.exp(exponent - highest[rows]), minlength=n)
    log_degree = highest + np.log(sums)
    data = np.exp(exponent - (log_degree[rows] + log_degree[graph.indices]) / 2)
    kernel = scipy.sparse.csr_array((data, graph.indices, graph.indptr), shape=graph.shape)
    first = np.exp((log_degree - log_degree.max()) / 2)
    first /= np.linalg.norm(first)

    def product(block: NDArray[np.float64]) -> NDArray[np.float64]:
        return kernel @ block - 2.0 * np.outer(first, first @ block)

    thin = graph.nnz < 6 * n
    try:
        _, vectors = extreme_eigenpairs(
            product, n, dimensions, largest="algebraic", seed=seed, tolerance=1e-12,
            max_products=1500 if thin else 20_000,
        )  # fmt: skip
    except NumericalError:
        if not thin and n > 20_000:
            raise
        vectors = _inverted(kernel, first, dimensions, seed)
    return _signed(vectors)


def _inverted(
    kernel: scipy.sparse.csr_array, first: NDArray[np.float64], dimensions: int, seed: int
) -> NDArray[np.float64]:
    """Return the leading eigenvectors but the first, where their eigenvalues crowd near 1.

    Long, thin networks are of this kind, and they factorise with little fill-in.
    """
    from scipy.sparse.linalg import eigsh

    start = np.random.default_rng(seed).standard_normal(first.size)
    values, vectors = eigsh(kernel.tocsc(), dimensions + 1, sigma=1 + 1e-7, v0=start)
    vectors = vectors[:, np.argsort(-values, kind="stable")]
    rest = np.delete(vectors, np.abs(first @ vectors).argmax(), axis=1)
    return np.linalg.qr(rest - np.outer(first, first @ rest))[0]


@njit(cache=True)
def _centre(kernel):
    """Replace distances D, in place, by ``-½ J D² J``."""
    n = kernel.shape[0]
    means = np.empty(n)
    for i in range(n):
        total = 0.0
        for j in range(n):
            kernel[i, j] = kernel[i, j] * kernel[i, j]
            total += kernel[i, j]
        means[i] = total / n
    mean = means.mean()
    for i in range(n):
        for j in range(n):
            kernel[i, j] = -0.5 * (kernel[i, j] - means[i] - means[j] + mean)


def _signed(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fix the sign of each column: its entry of largest magnitude is positive."""
    largest = np.abs(coordinates).argmax(axis=0)
    sign = np.sign(coordinates[largest, np.arange(coordinates.shape[1])])
    return coordinates * np.where(sign == 0, 1.0, sign)
