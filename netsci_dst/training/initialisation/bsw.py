"""Bipartite small-world model: a ring lattice between the sides, partly rewired."""

from __future__ import annotations

import numpy as np

from ...errors import RecipeError
from ...registry import register
from ._ring import nearest, spread_evenly
from ._sampling import drop_at_random, sample_absent


@register("initialiser", "bsw", source="CHTs-24 section 2.3, CHTss appendix D")
def bsw(
    n_source: int,
    n_target: int,
    n_links: int,
    *,
    rng: np.random.Generator,
    features: np.ndarray | None = None,
    beta: float = 0.25,
) -> np.ndarray:
    """Bipartite small world: link nearest neighbours on a ring, rewire a fraction.

    Each node of the larger side is linked to its nearest on the other side; then ``round(beta *
    n_links)`` links, drawn at random, are replaced by as many at random free positions.

    Parameters
    ----------
    beta
        Fraction rewired: 0 is the lattice, 1 a random network.

    Returns
    -------
    numpy.ndarray
        int64 keys ``source * n_target + target``, increasing, shape (n_links,).

    Raises
    ------
    RecipeError
        When ``beta`` is not between 0 and 1.
    """
    if not 0 <= beta <= 1:
        raise RecipeError(f"beta of bsw is {beta}; it must be from 0 to 1")
    lattice = ring_lattice(n_source, n_target, n_links)
    n_rewired = round(beta * n_links)
    kept = drop_at_random(lattice, n_rewired, rng)
    new = sample_absent(n_source * n_target, kept, n_rewired, rng)
    return np.sort(np.concatenate([kept, new]))


def ring_lattice(n_source: int, n_target: int, n_links: int) -> np.ndarray:
    """Return the keys of the lattice that links each node of the larger side to its nearest."""
    if n_source > n_target:
        source, target = nearest(n_source, n_target, spread_evenly(n_links, n_source))
    else:
        target, source = nearest(n_target, n_source, spread_evenly(n_links, n_target))
    return np.sort(source * n_target + target)
