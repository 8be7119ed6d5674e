"""Data sets by name, folder or hub id, held as arrays so that loading never slows training."""

from ._dataset import Dataset, image_dataset
from ._load import load

__all__ = ["Dataset", "image_dataset", "load"]
