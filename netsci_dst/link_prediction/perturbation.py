"""Structural perturbation: what a layer's singular vectors say about its absent links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from ..checks import whole_number
from ..errors import NetsciError
from ..registry import register
from ._bipartite import bipartite, is_tensor

if TYPE_CHECKING:
    from torch import Tensor

    from .predictor import Matrix

# Singular values nearer to each other than this share of the largest are one degenerate value.
_DEGENERATE = 1e-9


@overload
def spm(
    adjacency: Tensor, *, fraction: float = 0.1, repeats: int = 10, seed: int = 0
) -> Tensor: ...
@overload
def spm(
    adjacency: Matrix,
    *,
    fraction: float = 0.1,
    repeats: int = 10,
    seed: int = 0,
) -> NDArray[np.float64]: ...
@register("link predictor", "spm", source="Lü et al. 2015, on the bipartite matrix")
def spm(adjacency: Any, *, fraction: float = 0.1, repeats: int = 10, seed: int = 0) -> Any:
    """SPM: the structural perturbation method.

    A random ``fraction`` of the links is removed; the singular values of the rest are corrected to
    first order for the removed links, its singular vectors kept, and the matrix built again. The
    mean over repetitions is the score. This is the method on the graph of both sides; inside a
    degenerate singular value the perturbation is diagonalised.

    Parameters
    ----------
    adjacency
        Shape (n_source, n_target): numpy array, scipy sparse matrix or torch tensor.
    fraction
        Share of links removed in each repetition, at least one link.
    repeats, seed
        Number of repetitions, and the seed of their draws.

    Returns
    -------
    numpy.ndarray or torch.Tensor
        Scores, shape (n_source, n_target), zero on existing links; they can be negative.

    Raises
    ------
    NetsciError
        When the fraction is not between 0 and 1 or there are no repetitions.
    TopologyError
        When the adjacency is not a matrix of finite numbers.

    Examples
    --------
    >>> import numpy as np
    >>> blocks = np.kron(np.eye(2), np.ones((4, 4)))
    >>> blocks[0, 0] = 0
    >>> scores = spm(blocks)
    >>> divmod(int(scores.argmax()), 8), float(scores[blocks == 1].max())
    ((0, 0), 0.0)
    """
    if not 0 < fraction < 1:
        raise NetsciError(f"fraction of spm is {fraction}; it must be between 0 and 1")
    repeats = whole_number("repeats of spm", repeats, 1)
    layer = bipartite(adjacency)
    scores = np.zeros((layer.n_source, layer.n_target))
    if layer.n_links:
        rng = np.random.default_rng(seed)
        whole = layer.dense().astype(np.float64)
        n_removed = max(1, round(fraction * layer.n_links))
        for _ in range(repeats):
            removed = np.zeros_like(whole)
            chosen = rng.choice(layer.n_links, n_removed, replace=False, shuffle=False)
            removed.reshape(-1)[layer.keys[chosen]] = 1.0
            scores += perturbed(whole - removed, removed) / repeats
        scores[whole > 0] = 0.0
    if is_tensor(adjacency):
        import torch

        dtype = torch.float64 if adjacency.dtype == torch.float64 else torch.float32
        return torch.from_numpy(scores).to(adjacency.device, dtype)
    return scores


def perturbed(rest: np.ndarray, removed: np.ndarray) -> np.ndarray:
    """Return ``rest`` rebuilt with singular values corrected to first order for ``removed``."""
    left, value, right = np.linalg.svd(rest, full_matrices=False)
    tolerance = _DEGENERATE * max(value[0], 1.0)
    rank = int((value > tolerance).sum())
    left, value, right = left[:, :rank], value[:rank], right[:rank]
    shift = left.T @ removed @ right.T
    # Groups of equal singular values: each starts where the gap to the one before is real.
    group = np.cumsum(np.append(0, value[:-1] - value[1:] > tolerance))[:rank]
    inside = group[:, None] == group[None, :]
    core = np.where(inside, (shift + shift.T) / 2, 0.0) + np.diag(value)
    # Outside the kept vectors all singular values are zero: one more degenerate space.
    null = removed - left @ (left.T @ removed)
    null -= (null @ right.T) @ right
    return left @ core @ right + null
