"""Node rules on the CPU, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def own_side_rows(ptr, idx, tptr, tidx, numerator, inverse, share, low, high, out):
    """Add to ``out`` the neighbours on u's own side: ``sum over z2 of e[u, z2] A[z2, v]``."""
    n_source = len(ptr) - 1
    shared = np.zeros(n_source, np.int32)
    for u in range(low, high):
        row = out[u - low]
        for i in range(ptr[u], ptr[u + 1]):
            z1 = idx[i]
            for j in range(tptr[z1], tptr[z1 + 1]):
                shared[tidx[j]] += 1
        for i in range(ptr[u], ptr[u + 1]):
            z1 = idx[i]
            for j in range(tptr[z1], tptr[z1 + 1]):
                z2 = tidx[j]
                c = shared[z2]
                if c > 0:
                    shared[z2] = 0
                    value = numerator[c] * inverse[ptr[z2 + 1] - ptr[z2] - share * c]
                    for l in range(ptr[z2], ptr[z2 + 1]):
                        row[idx[l]] += value


@njit(cache=True, nogil=True)
def other_side_rows(ptr, idx, tptr, tidx, numerator, inverse, share, low, high, out):
    """Add to ``out`` the neighbours on v's side: ``sum over z1 of e[v, z1] A[u, z1]``."""
    n_target = len(tptr) - 1
    count = np.zeros(n_target, np.int32)
    touched = np.empty(n_target, np.int32)
    for u in range(low, high):
        row = out[u - low]
        for i in range(ptr[u], ptr[u + 1]):
            z1 = idx[i]
            degree = tptr[z1 + 1] - tptr[z1]
            n_touched = 0
            for j in range(tptr[z1], tptr[z1 + 1]):
                z2 = tidx[j]
                for l in range(ptr[z2], ptr[z2 + 1]):
                    v = idx[l]
                    if count[v] == 0:
                        touched[n_touched] = v
                        n_touched += 1
                    count[v] += 1
            for j in range(n_touched):
                v = touched[j]
                c = count[v]
                row[v] += numerator[c] * inverse[degree - share * c]
                count[v] = 0


@njit(cache=True, nogil=True)
def clear_links(ptr, idx, low, high, out):
    """Set the existing links of some rows to zero."""
    for u in range(low, high):
        for i in range(ptr[u], ptr[u + 1]):
            out[u - low, idx[i]] = 0.0


@njit(cache=True, nogil=True)
def add_transposed(block, low, out):
    """Add ``block``, rows of the transposed result from ``low`` on, to ``out``."""
    rows, columns = block.shape
    tile = 32
    for first in range(0, columns, tile):
        for i in range(rows):
            for u in range(first, min(first + tile, columns)):
                out[u, low + i] += block[i, u]
