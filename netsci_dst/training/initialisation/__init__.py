"""Initial topologies and weights of sparse layers.

An initialiser is ``fn(n_source, n_target, n_links, *, rng, features=None, **options)`` and returns
the keys ``source * n_target + target`` of exactly ``n_links`` links, increasing, as int64.
"""

from ._sampling import sample_distinct
from .allocation import allocate
from .draw import draw_topology
from .weights import initial_weights

__all__ = ["allocate", "draw_topology", "initial_weights", "sample_distinct"]
