"""Absent links with their scores, without the full matrix: for layers where it would not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import registry
from ..checks import whole_number, whole_numbers
from ..errors import NetsciError, TopologyError, UnknownName
from ._bipartite import Bipartite, bipartite, is_tensor
from ._blocks import Blocks
from ._pool import Pool

if TYPE_CHECKING:
    from torch import Tensor

    from .predictor import Matrix

TIES = ("random", "spearman")


@overload
def top_links(
    adjacency: Tensor,
    predictor: str = "ch3_l3p",
    k: int = 1,
    *,
    rng: np.random.Generator | int = 0,
    ties: str = "random",
    threads: int | None = None,
) -> tuple[Tensor, Tensor]: ...
@overload
def top_links(
    adjacency: Matrix,
    predictor: str = "ch3_l3p",
    k: int = 1,
    *,
    rng: np.random.Generator | int = 0,
    ties: str = "random",
    threads: int | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]: ...
def top_links(
    adjacency: Any,
    predictor: str = "ch3_l3p",
    k: int = 1,
    *,
    rng: np.random.Generator | int = 0,
    ties: str = "random",
    threads: int | None = None,
) -> tuple[Any, Any]:
    """Return the ``k`` absent links with the largest positive scores, best first.

    The full matrix is never held: memory is a few slices of rows and the candidates.

    Parameters
    ----------
    adjacency
        Shape (n_source, n_target): numpy array, scipy sparse matrix or torch tensor.
    predictor
        Name of a link predictor.
    k
        How many; fewer come back when fewer have a positive score.
    rng
        Generator, or seed, that orders equal scores.
    ties
        ``random``, or ``spearman``: equal scores are ordered by the correlation of the two ends'
        shortest paths (CHT appendix J), what is equal still at random. The latter holds the
        distances between all pairs of neurons.
    threads
        Threads to use; by default those of OMP_NUM_THREADS, or all cores.

    Returns
    -------
    tuple
        int64 keys ``source * n_target + target`` and their scores, of the kind that was given.

    Raises
    ------
    UnknownName, TopologyError, NetsciError
        For an unknown predictor or way with ties, a bad adjacency, or a negative ``k``.

    Examples
    --------
    >>> keys, scores = top_links(np.array([[1, 1, 0], [1, 1, 1]]), "cn_l3", k=5)
    >>> [divmod(int(key), 3) for key in keys], scores.tolist()
    ([(0, 2)], [2.0])
    """
    if ties not in TIES:
        raise UnknownName("way with ties", ties, TIES)
    k = whole_number("k", k)
    generator = np.random.default_rng(rng)
    pool = Pool(k, generator, keep_ties=ties == "spearman")
    for keys, scores in Blocks(adjacency, predictor, threads).candidates(pool):
        pool.add(keys, scores)
    if ties == "spearman":
        keys, scores = _subranked(adjacency, predictor, pool, k, threads)
    else:
        keys, scores = pool.best()
    return _like(adjacency, keys), _like(adjacency, scores)


@overload
def positive_links(
    adjacency: Tensor, predictor: str = "ch3_l3p", *, threads: int | None = None
) -> tuple[Tensor, Tensor]: ...
@overload
def positive_links(
    adjacency: Matrix, predictor: str = "ch3_l3p", *, threads: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]: ...
def positive_links(
    adjacency: Any, predictor: str = "ch3_l3p", *, threads: int | None = None
) -> tuple[Any, Any]:
    """Return all absent links with a positive score.

    Parameters
    ----------
    adjacency, predictor, threads
        As for `top_links`.

    Returns
    -------
    tuple
        int64 keys ``source * n_target + target``, increasing, and their scores, of the kind that
        was given.

    Raises
    ------
    UnknownName, TopologyError
        For an unknown predictor, or a bad adjacency.

    Examples
    --------
    >>> keys, scores = positive_links(np.array([[1, 1, 0], [0, 1, 1]]), "cn_l3")
    >>> [divmod(int(key), 3) for key in keys], scores.tolist()
    ([(0, 2), (1, 0)], [1.0, 1.0])
    """
    found = list(Blocks(adjacency, predictor, threads).candidates(None))
    keys = np.concatenate([np.empty(0, np.int64), *(keys for keys, _ in found)])
    scores = np.concatenate([np.empty(0), *(scores for _, scores in found)])
    order = np.argsort(keys, kind="stable")
    return _like(adjacency, keys[order]), _like(adjacency, scores[order])


@overload
def scores_at(
    adjacency: Tensor,
    predictor: str,
    sources: ArrayLike | Tensor,
    targets: ArrayLike | Tensor,
    *,
    threads: int | None = None,
) -> Tensor: ...
@overload
def scores_at(
    adjacency: Matrix,
    predictor: str,
    sources: ArrayLike,
    targets: ArrayLike,
    *,
    threads: int | None = None,
) -> NDArray[np.float64]: ...
def scores_at(
    adjacency: Any,
    predictor: str,
    sources: Any,
    targets: Any,
    *,
    threads: int | None = None,
) -> Any:
    """Return the scores of given pairs, 0 where a link exists.

    Only the rows of the pairs' sources are computed, a slice at a time.

    Parameters
    ----------
    adjacency
        Shape (n_source, n_target): numpy array, scipy sparse matrix or torch tensor.
    predictor
        Name of a link predictor.
    sources, targets
        Indices of the pairs, shape (n,) each.
    threads
        Threads to use; by default those of OMP_NUM_THREADS, or all cores.

    Returns
    -------
    numpy.ndarray or torch.Tensor
        Scores, shape (n,), of the kind that was given.

    Raises
    ------
    UnknownName, TopologyError
        For an unknown predictor, a bad adjacency, or a pair outside it.

    Examples
    --------
    >>> scores_at(np.array([[1, 1, 0], [0, 1, 1]]), "cn_l3", [0, 0], [1, 2]).tolist()
    [0.0, 1.0]
    """
    u, v = (
        whole_numbers(name, x.cpu() if is_tensor(x) else x)
        for name, x in (("sources", sources), ("targets", targets))
    )
    blocks = Blocks(adjacency, predictor, threads)
    if u.shape != v.shape:
        raise TopologyError(
            f"sources and targets have shapes {u.shape} and {v.shape}; expected (n,)"
        )
    n_source, n_target = blocks.shape
    if len(u) and (u.min() < 0 or u.max() >= n_source or v.min() < 0 or v.max() >= n_target):
        raise TopologyError(f"a pair lies outside the layer of {n_source} × {n_target} neurons")
    return _like(adjacency, blocks.at(u, v))


def _subranked(
    adjacency: Any, predictor: str, pool: Pool, k: int, threads: int | None
) -> tuple[np.ndarray, np.ndarray]:
    from ._subranking import shortest_path_correlation

    keys, scores, chance = pool.content()
    layer = adjacency if isinstance(adjacency, Bipartite) else bipartite(adjacency)
    tied = np.isin(scores, _repeated(scores))
    correlation = np.zeros(len(keys))
    rule = registry.get("link predictor", predictor).metadata.get("rule")
    if rule is None:
        raise NetsciError(
            f"ties of {predictor!r} cannot be sub-ranked: it scores no existing links"
        )
    correlation[tied] = shortest_path_correlation(layer, rule, keys[tied])
    order = np.lexsort((chance, -correlation, -scores))[:k]
    return keys[order], scores[order]


def _repeated(scores: np.ndarray) -> np.ndarray:
    values, counts = np.unique(scores, return_counts=True)
    return values[counts > 1]


def _like(adjacency: Any, array: np.ndarray) -> Any:
    if not is_tensor(adjacency):
        return array
    import torch

    tensor = torch.from_numpy(np.ascontiguousarray(array))
    if array.dtype == np.float64 and adjacency.dtype != torch.float64:
        tensor = tensor.float()
    return tensor.to(adjacency.device)
