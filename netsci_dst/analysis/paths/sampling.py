"""From which nodes to search for shortest paths, where there are too many for all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...checks import whole_number
from ...topology import Topology

_FEWEST = 256


def drawn_sources(n: int, samples: int | None, seed: int) -> NDArray[np.int64] | None:
    """Return nodes to search from, drawn without repeats; None where all are to be taken."""
    if samples is None or whole_number("samples", samples, 1) >= n:
        return None
    return np.sort(np.random.default_rng(seed).choice(n, samples, replace=False))


def affordable_samples(topology: Topology, most_visits: float) -> int | None:
    """Return from how many nodes to search so that links are visited so often; None for all."""
    count = max(_FEWEST, int(most_visits / max(1, 2 * topology.n_links)))
    return None if count >= topology.n_nodes else count
