"""Initial weights of the links of a sparse layer: one function per rule."""

from __future__ import annotations

import math

import numpy as np

from ... import registry
from ...checks import whole_number
from ...errors import RecipeError
from .draw import check_size

RELU_GAIN = math.sqrt(2)


def initial_weights(
    rule: str,
    n_source: int,
    n_target: int,
    n_links: int,
    *,
    rng: np.random.Generator,
    gain: float = RELU_GAIN,
) -> np.ndarray | None:
    """Draw the weights of ``n_links`` links.

    Parameters
    ----------
    rule
        A registered rule for initial weights.
    n_source, n_target
        Sizes of the two sides; for a convolution n_source is in-channels times kernel entries.
    n_links
        Links of the layer, at most ``n_source * n_target``; all of them for a dense layer.
    gain
        √2 for ReLU, 1 for a linear output.

    Returns
    -------
    numpy.ndarray or None
        float64, shape (n_links,); None if the model keeps those it was built with.

    Raises
    ------
    UnknownName, RecipeError
        For an unknown rule, a gain that is not positive, or an impossible number of links.
    """
    draw = registry.get("initial weights", rule).target
    if not 0 < gain < math.inf:
        raise RecipeError(f"the gain of the initial weights is {gain}; it must be positive")
    n_links = whole_number("n_links", n_links)
    check_size(n_source, n_target, n_links)
    return draw(n_source, n_target, n_links, rng=rng, gain=gain)


@registry.register("initial weights", "swi", source="CHT section 3.2 and fig. A6")
def swi(
    n_source: int, n_target: int, n_links: int, *, rng: np.random.Generator, gain: float
) -> np.ndarray:
    """Draw from N(0, gain² / ((1 - S) n_in)), S the layer's sparsity."""
    return rng.normal(0.0, gain / math.sqrt(max(n_links / n_target, 1e-300)), n_links)


@registry.register("initial weights", "kaiming", source="He et al. 2015; CHT fig. A6")
def kaiming(
    n_source: int, n_target: int, n_links: int, *, rng: np.random.Generator, gain: float
) -> np.ndarray:
    """Draw from N(0, gain² / n_in), as if the layer were dense."""
    return rng.normal(0.0, gain / math.sqrt(n_source), n_links)


@registry.register("initial weights", "model", source="CHTss; Survival")
def model(
    n_source: int, n_target: int, n_links: int, *, rng: np.random.Generator, gain: float
) -> None:
    """Keep the weights with which the model was built."""
