"""One layer's tensor as a matrix of source and target: linear, convolution, gates."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from ...errors import FormatError
from .named_weight import NamedWeight, real, sparse


def from_linear(
    name: str, weight: Any, threshold: float, mask: Any = None, target_first: bool = True
) -> NamedWeight:
    """Convert a ``(out, in)`` weight; with a mask, links are where the mask is not zero."""
    if target_first:
        weight, mask = weight.T, None if mask is None else mask.T
    if mask is None:
        return NamedWeight(name, sparse(weight, name, threshold))
    links = scipy.sparse.csr_array(real(mask, name) != 0).tocoo()
    values = real(weight, name)
    data = np.asarray(scipy.sparse.csr_array(values)[links.row, links.col], dtype=np.float32)
    csr = scipy.sparse.csr_array((np.ravel(data), (links.row, links.col)), links.shape)
    csr.sort_indices()
    return NamedWeight(name, csr)


def from_convolution(
    name: str, kernel: NDArray[Any], threshold: float, target_first: bool = True
) -> NamedWeight:
    """Convert a ``(out, in, *kernel)`` weight: links join channels.

    A link's weight is the sum of the magnitudes of its kernel entries, as no single sign fits.
    """
    entries = real(np.ascontiguousarray(kernel), name).reshape(*kernel.shape[:2], -1)
    return _joined(name, np.moveaxis(entries, 0, 1) if target_first else entries, threshold)


def from_gates(name: str, weight: Any, threshold: float, gates: int) -> NamedWeight:
    """Convert a ``(gates · out, in)`` weight of a recurrent cell: links join its neurons."""
    if weight.shape[0] % gates:
        raise FormatError(
            f"weight {name!r} has {weight.shape[0]} rows, not {gates} gates of a cell"
        )
    entries = real(np.ascontiguousarray(weight), name)
    entries = entries.reshape(gates, -1, weight.shape[1])
    if gates == 1:
        return NamedWeight(name, sparse(entries[0].T, name, threshold))
    return _joined(name, entries.transpose(2, 1, 0), threshold)


def _joined(name: str, entries: NDArray[Any], threshold: float) -> NamedWeight:
    """Join the entries ``(source, target, n)`` behind each link."""
    there = np.abs(entries) > threshold
    count = scipy.sparse.csr_array(there.sum(-1).astype(np.int32))
    magnitude = np.where(there, np.abs(entries), 0).sum(-1)
    # The patterns must agree also where a sum of magnitudes underflows.
    rows, columns = count.nonzero()
    values = magnitude[rows, columns].astype(np.float32)
    matrix = scipy.sparse.csr_array((values, count.indices, count.indptr), count.shape)
    return NamedWeight(name, matrix, count)
