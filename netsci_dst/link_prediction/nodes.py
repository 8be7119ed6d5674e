"""Link predictors that add over the common neighbours instead of over paths."""

from __future__ import annotations

from typing import Any

from ..registry import register
from . import _rules
from ._scores import full_scores
from .predictor import predictor


@predictor
@register("link predictor", "ch2_l3n", source="CHTss equation 3, algorithm 1", rule=_rules.CH2_L3N)
def ch2_l3n(adjacency: Any, *, threads: int | None = None) -> Any:
    """CH2-L3n: each common neighbour on a path of length three weighs ``di* / de*``.

    ``di*`` is one plus its links to other common neighbours, ``de*`` one plus its links elsewhere,
    the two ends apart. As in the published algorithm each end has its own community: a neighbour
    j on the source's side counts with ``(UU[u, j] + 1) / (d[j] - UU[u, j])``, UU holding the
    numbers of shared neighbours; likewise on the target's side.

    Parameters
    ----------
    adjacency
        Shape (n_source, n_target): numpy array, scipy sparse matrix or torch tensor; any entry but
        zero is a link.
    threads
        Threads to use; by default those of OMP_NUM_THREADS, or all cores.

    Returns
    -------
    numpy.ndarray or torch.Tensor
        Scores, shape (n_source, n_target), zero on existing links. Arrays and CPU tensors are
        computed in float64, with equal sums exactly equal; tensors on another device in their own
        precision. A float64 tensor gives float64, any other float32.

    Raises
    ------
    TopologyError
        When the adjacency is not a matrix of finite numbers.

    Examples
    --------
    >>> import numpy as np
    >>> ch2_l3n(np.array([[1, 1, 0], [0, 1, 1]])).tolist()
    [[0.0, 0.0, 4.0], [4.0, 0.0, 0.0]]
    """
    return full_scores(adjacency, _rules.CH2_L3N, threads)


@predictor
@register("link predictor", "ch3_l3n", source="CHTss equation 3", rule=_rules.CH3_L3N)
def ch3_l3n(adjacency: Any, *, threads: int | None = None) -> Any:
    """CH3-L3n: as CH2-L3n with numerator 1, so that only external links count.

    Parameters
    ----------
    adjacency, threads
        As for `ch2_l3n`.

    Returns
    -------
    numpy.ndarray or torch.Tensor
        Scores as those of `ch2_l3n`, shape (n_source, n_target).

    Raises
    ------
    TopologyError
        When the adjacency is not a matrix of finite numbers.

    Examples
    --------
    >>> import numpy as np
    >>> ch3_l3n(np.array([[1, 1, 0], [0, 1, 1]])).tolist()
    [[0.0, 0.0, 2.0], [2.0, 0.0, 0.0]]
    """
    return full_scores(adjacency, _rules.CH3_L3N, threads)
