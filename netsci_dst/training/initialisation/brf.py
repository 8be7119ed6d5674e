"""Bipartite receptive field model: near links are likelier, output degrees are given."""

from __future__ import annotations

import numpy as np

from ...errors import RecipeError, UnknownName
from ...registry import register
from ._ring import nearest
from ._sampling import sample_distinct, share_out

DEGREES = ("fixed", "uniform")


@register("initialiser", "brf", source="CHTss section 3.2 and appendix D, equations 7 and 8")
def brf(
    n_source: int,
    n_target: int,
    n_links: int,
    *,
    rng: np.random.Generator,
    features: np.ndarray | None = None,
    r: float = 0.25,
    degrees: str = "fixed",
) -> np.ndarray:
    """Bipartite receptive field: each output neuron draws its inputs, the near ones likelier.

    An input at ring distance ``d`` (positions of the shorter side scaled to the longer) is drawn
    without replacement with weight ``(1 + d)^(-(1 - r) / r)``. Equation 7 as published has the
    opposite sign and would favour far inputs.

    Parameters
    ----------
    r
        Spatial randomness: 0 links the nearest, 1 is uniform.
    degrees
        Degrees of the output neurons: ``fixed`` (equal; what remains goes to random neurons) or
        ``uniform`` (1 each and the rest allotted at random).

    Returns
    -------
    numpy.ndarray
        int64 keys ``source * n_target + target``, increasing, shape (n_links,).

    Raises
    ------
    RecipeError, UnknownName
        When ``r`` is not between 0 and 1, or ``degrees`` is unknown.
    """
    if not 0 <= r <= 1:
        raise RecipeError(f"r of brf is {r}; it must be from 0 to 1")
    if degrees not in DEGREES:
        raise UnknownName("choice of degrees in brf", degrees, DEGREES)
    target_degrees = output_degrees(n_source, n_target, n_links, degrees, rng)
    if r == 0:
        target, source = nearest(n_target, n_source, target_degrees)
    else:
        from ._kernels import draw_receptive_fields

        source = draw_receptive_fields(n_source, n_target, target_degrees, (1 - r) / r, rng)
        target = np.repeat(np.arange(n_target), target_degrees)
    return np.sort(source * n_target + target)


def output_degrees(
    n_source: int, n_target: int, n_links: int, degrees: str, rng: np.random.Generator
) -> np.ndarray:
    """Return how many inputs each output neuron gets, in all ``n_links``."""
    base = n_links // n_target if degrees == "fixed" else min(1, n_links // n_target)
    counts = np.full(n_target, base, np.int64)
    rest = n_links - base * n_target
    if degrees == "fixed" or base == 0:
        counts[sample_distinct(n_target, rest, rng)] += 1
        return counts
    return counts + share_out(rest, n_target, n_source - 1, rng)
