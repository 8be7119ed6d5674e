"""Snapshots as files of other programs, and back without loss."""

from .read_back import read_ours
from .write import FORMATS, export

__all__ = ["FORMATS", "export", "read_ours"]
