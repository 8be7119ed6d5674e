"""Data sets by name, folder or hub id, held as arrays so that loading never slows training."""

from ._dataset import Dataset
from ._load import load

__all__ = ["Dataset", "load"]
