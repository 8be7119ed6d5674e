"""Link predictors that add over the paths of length three between the two ends."""

from __future__ import annotations

from typing import Any

from ..registry import register
from . import _rules
from ._scores import full_scores
from .predictor import predictor


@predictor
@register("link predictor", "ch3_l3p", source="CHT equation 1", rule=_rules.CH3_L3P)
def ch3_l3p(adjacency: Any, *, threads: int | None = None) -> Any:
    """CH3-L3p: paths of length three weigh less the more their middle nodes link outside.

    ``S[u, v] = sum over paths u-z1-z2-v of 1 / sqrt(de*[z1] de*[z2])``, where ``de*`` is one plus
    the external links of a common neighbour: those to neither end nor another common neighbour.

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
    >>> ch3_l3p(np.array([[1, 1, 0], [0, 1, 1]])).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    return full_scores(adjacency, _rules.CH3_L3P, threads)


@predictor
@register("link predictor", "ch2_l3p", source="Muscoloni et al. 2020", rule=_rules.CH2_L3P)
def ch2_l3p(adjacency: Any, *, threads: int | None = None) -> Any:
    """CH2-L3p: as CH3-L3p, but links among the common neighbours also raise a path's weight.

    A path weighs ``sqrt((1 + di[z1]) (1 + di[z2])) / sqrt(de*[z1] de*[z2])``, with ``di`` the
    links of a common neighbour to other common neighbours.

    Parameters
    ----------
    adjacency, threads
        As for `ch3_l3p`.

    Returns
    -------
    numpy.ndarray or torch.Tensor
        Scores as those of `ch3_l3p`, shape (n_source, n_target).

    Raises
    ------
    TopologyError
        When the adjacency is not a matrix of finite numbers.

    Examples
    --------
    >>> import numpy as np
    >>> ch2_l3p(np.array([[1, 1, 0], [0, 1, 1]])).tolist()
    [[0.0, 0.0, 2.0], [2.0, 0.0, 0.0]]
    """
    return full_scores(adjacency, _rules.CH2_L3P, threads)


@predictor
@register("link predictor", "ra_l3", source="Muscoloni et al. 2020", rule=_rules.RA_L3)
def ra_l3(adjacency: Any, *, threads: int | None = None) -> Any:
    """RA-L3: resource allocation, a path weighs ``1 / sqrt(d[z1] d[z2])`` by the degrees.

    Parameters
    ----------
    adjacency, threads
        As for `ch3_l3p`.

    Returns
    -------
    numpy.ndarray or torch.Tensor
        Scores as those of `ch3_l3p`, shape (n_source, n_target).

    Raises
    ------
    TopologyError
        When the adjacency is not a matrix of finite numbers.

    Examples
    --------
    >>> import numpy as np
    >>> ra_l3(np.array([[1, 1, 0], [0, 1, 1]])).tolist()
    [[0.0, 0.0, 0.5], [0.5, 0.0, 0.0]]
    """
    return full_scores(adjacency, _rules.RA_L3, threads)


@predictor
@register("link predictor", "cn_l3", source="Daminelli et al. 2015", rule=_rules.CN_L3)
def cn_l3(adjacency: Any, *, threads: int | None = None) -> Any:
    """CN-L3: the number of paths of length three.

    Parameters
    ----------
    adjacency, threads
        As for `ch3_l3p`.

    Returns
    -------
    numpy.ndarray or torch.Tensor
        Scores as those of `ch3_l3p`, shape (n_source, n_target).

    Raises
    ------
    TopologyError
        When the adjacency is not a matrix of finite numbers.

    Examples
    --------
    >>> import numpy as np
    >>> cn_l3(np.array([[1, 1, 0], [1, 1, 1]])).tolist()
    [[0.0, 0.0, 2.0], [0.0, 0.0, 0.0]]
    """
    return full_scores(adjacency, _rules.CN_L3, threads)
