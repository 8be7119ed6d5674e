"""Initial weights of the links of a sparse layer."""

from __future__ import annotations

import math

import numpy as np

from ..._checks import whole_number
from ...errors import RecipeError, UnknownName
from .draw import check_size

RULES = ("swi", "kaiming")


def initial_weights(
    rule: str,
    n_source: int,
    n_target: int,
    n_links: int,
    *,
    rng: np.random.Generator,
    gain: float = math.sqrt(2),
) -> np.ndarray:
    """Draw the weights of ``n_links`` links.

    Parameters
    ----------
    rule
        ``swi``: sparse weight initialisation, ``N(0, gain² / ((1 - S) n_in))`` with S the layer's
        sparsity (CHT section 3.2); ``kaiming``: ``N(0, gain² / n_in)``, as if the layer were dense.
    n_source, n_target
        Sizes of the two sides; for a convolution n_source is in-channels times kernel entries.
    gain
        √2 for ReLU, 1 for a linear output.

    Returns
    -------
    numpy.ndarray
        float64, shape (n_links,).

    Raises
    ------
    UnknownName, RecipeError
        For an unknown rule, a gain that is not positive, or an impossible number of links.
    """
    if rule not in RULES:
        raise UnknownName("weight initialisation", rule, RULES)
    if not 0 < gain < math.inf:
        raise RecipeError(f"the gain of the initial weights is {gain}; it must be positive")
    n_links = whole_number("n_links", n_links)
    check_size(n_source, n_target, n_links)
    inputs = n_links / n_target if rule == "swi" else n_source
    return rng.normal(0.0, gain / math.sqrt(max(inputs, 1e-300)), n_links)
