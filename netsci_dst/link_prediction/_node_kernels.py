"""Node rules on the CPU, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit

from ._path_kernels import emit


@njit(cache=True, nogil=True)
def _own_side(ptr, idx, tptr, tidx, numerator, inverse, share, u, shared, row):
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
def _other_side(ptr, idx, tptr, tidx, numerator, inverse, share, u, count, touched, row):
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
def own_side_rows(ptr, idx, tptr, tidx, numerator, inverse, share, low, high, out):
    """Add to ``out`` the neighbours on u's own side: ``sum over z2 of e[u, z2] A[z2, v]``."""
    shared = np.zeros(len(ptr) - 1, np.int32)
    for u in range(low, high):
        _own_side(ptr, idx, tptr, tidx, numerator, inverse, share, u, shared, out[u - low])


@njit(cache=True, nogil=True)
def node_rows(ptr, idx, tptr, tidx, numerator, inverse, share, low, high, out):
    """Score rows ``low`` to ``high`` into ``out`` (zeros), neighbours of both sides."""
    n_target = len(tptr) - 1
    shared = np.zeros(len(ptr) - 1, np.int32)
    count, touched = np.zeros(n_target, np.int32), np.empty(n_target, np.int32)
    for u in range(low, high):
        row = out[u - low]
        _own_side(ptr, idx, tptr, tidx, numerator, inverse, share, u, shared, row)
        _other_side(ptr, idx, tptr, tidx, numerator, inverse, share, u, count, touched, row)
    clear_links(ptr, idx, low, high, out)


@njit(cache=True, nogil=True)
def node_candidates(
    ptr, idx, tptr, tidx, numerator, inverse, share, low, high, least, keys, scores
):
    """Fill keys and scores above ``least``; return how many, and the first row not done."""
    n_target = len(tptr) - 1
    shared = np.zeros(len(ptr) - 1, np.int32)
    count, touched = np.zeros(n_target, np.int32), np.empty(n_target, np.int32)
    row = np.zeros(n_target)
    n = 0
    for u in range(low, high):
        if n + n_target > len(keys):
            return n, u
        _own_side(ptr, idx, tptr, tidx, numerator, inverse, share, u, shared, row)
        _other_side(ptr, idx, tptr, tidx, numerator, inverse, share, u, count, touched, row)
        for i in range(ptr[u], ptr[u + 1]):
            row[idx[i]] = 0.0
        n = emit(row, u * n_target, least, keys, scores, n)
    return n, high


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
