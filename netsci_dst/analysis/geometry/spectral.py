"""The few extreme eigenpairs of a large symmetric matrix, by block Lanczos with restarts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ...errors import NumericalError

Product = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def extreme_eigenpairs(
    product: Product,
    n: int,
    k: int,
    *,
    largest: str = "magnitude",
    seed: int = 0,
    tolerance: float = 1e-13,
    width: int | None = None,
    max_products: int = 20_000,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ``k`` eigenvalues largest in magnitude (or algebraically) and their vectors.

    Parameters
    ----------
    product
        Multiplies the matrix with a block of vectors ``(n, b)``.
    largest
        ``magnitude`` or ``algebraic``.
    tolerance
        Residual norm to reach, relative to the largest eigenvalue found.
    width
        Most vectors kept at once.

    Raises
    ------
    NumericalError
        If the residuals are still above ``1e5 * tolerance`` after ``max_products`` products.
    """
    block = min(k + 1, n)
    width = min(width or 320, n)
    rng = np.random.default_rng(seed)
    if width < 4 * block or n <= 400:
        return _dense(product, n, k, largest)
    basis = np.empty((n, width + block), order="F")
    image = np.empty((n, width + block), order="F")
    fresh = np.linalg.qr(rng.standard_normal((n, block)))[0]
    size, done, best = 0, 0, np.inf
    small = np.zeros((0, 0))
    step = 0
    while True:
        basis[:, size : size + block] = fresh
        image[:, size : size + block] = product(fresh)
        done += block
        size += block
        q, w = basis[:, :size], image[:, :size]
        column = q.T @ w[:, -block:]
        grown = np.zeros((size, size))
        grown[: size - block, : size - block] = small
        grown[:, size - block :] = column
        grown[size - block :, :] = column.T
        grown[size - block :, size - block :] = (column[-block:] + column[-block:].T) / 2
        small = grown
        step += 1
        full = size + block > width
        if step % 6 == 0 or full or done >= max_products:
            values, vectors = np.linalg.eigh(small)
            order = _order(values, largest)
            top = order[:k]
            ritz = vectors[:, top]
            residual = w @ ritz - (q @ ritz) * values[top]
            worst = float(np.linalg.norm(residual, axis=0).max())
            scale = float(np.abs(values).max()) or 1.0
            stalled = worst < 1e3 * tolerance * scale and worst > 0.5 * best
            best = min(best, worst)
            if worst <= tolerance * scale or stalled:
                return values[top], q @ ritz
            if done >= max_products:
                if worst <= 1e5 * tolerance * scale:
                    return values[top], q @ ritz
                raise NumericalError(
                    f"the leading eigenvectors did not converge: residual {worst / scale:.1e} "
                    f"after {done} products"
                )
        fresh = _orthonormal(w[:, -block:], q, rng)
        if full:
            keep = order[: max(4 * block, width // 4)]
            basis[:, : keep.size] = q @ vectors[:, keep]
            image[:, : keep.size] = w @ vectors[:, keep]
            size = keep.size
            small = np.diag(values[keep])


def _order(values: NDArray[np.float64], largest: str) -> NDArray[np.int64]:
    return np.argsort(-np.abs(values) if largest == "magnitude" else -values, kind="stable")


def _dense(
    product: Product, n: int, k: int, largest: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    matrix = product(np.eye(n))
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    top = _order(values, largest)[:k]
    return values[top], vectors[:, top]


def _orthonormal(
    block: NDArray[np.float64], basis: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Orthonormalise a block against a basis; directions that vanish are drawn anew."""
    scale = np.linalg.norm(block, axis=0)
    out = block / np.where(scale > 0, scale, 1.0)
    for _ in range(3):
        out = out - basis @ (basis.T @ out)
        out, triangle = np.linalg.qr(out)
        size = np.abs(np.diag(triangle))
        gone = size < 1e-12
        if gone.any():
            out[:, gone] = rng.standard_normal((out.shape[0], int(gone.sum())))
    return out
