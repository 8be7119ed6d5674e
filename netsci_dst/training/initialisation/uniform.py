"""Links at random, every position equally likely."""

from __future__ import annotations

import numpy as np

from ...registry import register
from ._sampling import sample_distinct


@register("initialiser", "uniform", source="CHT, CHTss: what they call ER")
def uniform(
    n_source: int,
    n_target: int,
    n_links: int,
    *,
    rng: np.random.Generator,
    features: np.ndarray | None = None,
) -> np.ndarray:
    """Links at random, every position equally likely.

    Works in memory proportional to the number of links, however large the layer.

    Returns
    -------
    numpy.ndarray
        int64 keys ``source * n_target + target``, increasing, shape (n_links,).
    """
    return sample_distinct(n_source * n_target, n_links, rng)
