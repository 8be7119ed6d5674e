"""Layers whose links come and go: masked dense (any device) or truly sparse (CSR).

Public names: `SparseLayer`, `SparseLinear`, `SparseConv2d`, `sparsify_module`, `sparse_layers`,
`choose_backend`.
"""

from .backend import choose_backend
from .base import SparseLayer, sparse_layers
from .conv import SparseConv2d
from .linear import SparseLinear
from .replace import sparsify_module

__all__ = [
    "SparseConv2d",
    "SparseLayer",
    "SparseLinear",
    "choose_backend",
    "sparse_layers",
    "sparsify_module",
]
