"""Smaller networks that give the same outputs: what training left unused is removed."""

from .compact import Compaction, compact

__all__ = ["Compaction", "compact"]
