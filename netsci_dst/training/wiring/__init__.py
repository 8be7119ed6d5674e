"""Which populations of neurons the weights of a model join: declared, or followed."""

from __future__ import annotations

from .description import Break, Part, Wiring
from .follow import follow, follow_next_forward, of, unwrap

__all__ = ["Break", "Part", "Wiring", "follow", "follow_next_forward", "of", "unwrap"]
