"""Path rules on the CPU, compiled: rows of scores in N d³ steps, no path ever stored.

In each kernel ``g[z2]`` is what z2 contributes as seen from u, and the contribution of z1 as seen
from v is applied once per (z1, v) to the sum of ``g`` over the z2 between them.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# Columns per pass of `dense_rows`: a strip of 128 float32 columns stays in the second-level cache.
STRIP = 128


@njit(cache=True, nogil=True)
def count_common(ptr, idx, tptr, tidx, u, count):
    """Fill ``count`` with the number of neighbours that each node shares with ``u``."""
    count[:] = 0
    for i in range(ptr[u], ptr[u + 1]):
        z = idx[i]
        for j in range(tptr[z], tptr[z + 1]):
            count[tidx[j]] += 1


@njit(cache=True, nogil=True)
def contributions(ptr, idx, tptr, tidx, numerator, inverse, share, low, high, out):
    """Fill ``out[u - low, z]`` with what z contributes as seen from u, both on the same side."""
    n = len(ptr) - 1
    count = np.zeros(n, np.int32)
    for u in range(low, high):
        count_common(ptr, idx, tptr, tidx, u, count)
        for z in range(n):
            c = count[z]
            out[u - low, z] = numerator[c] * inverse[ptr[z + 1] - ptr[z] - share * c]


@njit(cache=True, nogil=True)
def _row(
    ptr, idx, tptr, tidx, numerator, inverse, share, u, shared, g, between, count, touched, row
):
    """Add the scores of u's pairs to ``row``; the other arrays are zeros before and after."""
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
                g[z2] = numerator[c] * inverse[ptr[z2 + 1] - ptr[z2] - share * c]
                shared[z2] = 0
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
                between[v] += g[z2]
        for j in range(n_touched):
            v = touched[j]
            c = count[v]
            row[v] += between[v] * (numerator[c] * inverse[degree - share * c])
            between[v] = 0.0
            count[v] = 0
    for i in range(ptr[u], ptr[u + 1]):
        row[idx[i]] = 0.0


@njit(cache=True, nogil=True)
def sparse_rows(ptr, idx, tptr, tidx, numerator, inverse, share, low, high, out):
    """Score rows ``low`` to ``high`` into ``out`` (zeros): nothing but vectors is kept."""
    n_source, n_target = len(ptr) - 1, len(tptr) - 1
    shared, g = np.zeros(n_source, np.int32), np.zeros(n_source)
    between, count = np.zeros(n_target), np.zeros(n_target, np.int32)
    touched = np.empty(n_target, np.int32)
    for u in range(low, high):
        work = (shared, g, between, count, touched)
        _row(ptr, idx, tptr, tidx, numerator, inverse, share, u, *work, out[u - low])


@njit(cache=True, nogil=True)
def sparse_candidates(
    ptr, idx, tptr, tidx, numerator, inverse, share, low, high, least, keys, scores
):
    """Fill keys and scores above ``least``; return how many, and the first row not done."""
    n_source, n_target = len(ptr) - 1, len(tptr) - 1
    shared, g = np.zeros(n_source, np.int32), np.zeros(n_source)
    between, count = np.zeros(n_target), np.zeros(n_target, np.int32)
    touched = np.empty(n_target, np.int32)
    row = np.zeros(n_target)
    n = 0
    for u in range(low, high):
        if n + n_target > len(keys):
            return n, u
        work = (shared, g, between, count, touched)
        _row(ptr, idx, tptr, tidx, numerator, inverse, share, u, *work, row)
        n = emit(row, u * n_target, least, keys, scores, n)
    return n, high


@njit(cache=True, nogil=True)
def emit(row, first, least, keys, scores, n):
    """Append the positive scores of a row above ``least`` and clear it; return the new count."""
    for v in range(len(row)):
        value = row[v]
        if value > 0.0:
            if value > least:
                keys[n] = first + v
                scores[n] = value
                n += 1
            row[v] = 0.0
    return n


@njit(cache=True, nogil=True)
def scatter_rows(ptr, idx, tptr, tidx, g, f, low, high, out):
    """Score rows with the contributions at hand: ``g[u - low, z2]`` and ``f[z1, v]``."""
    n_target = len(tptr) - 1
    between = np.zeros(n_target)
    for u in range(low, high):
        row = out[u - low]
        for i in range(ptr[u], ptr[u + 1]):
            z1 = idx[i]
            for j in range(tptr[z1], tptr[z1 + 1]):
                z2 = tidx[j]
                value = g[u - low, z2]
                for l in range(ptr[z2], ptr[z2 + 1]):
                    between[idx[l]] += value
            for v in range(n_target):
                row[v] += between[v] * f[z1, v]
                between[v] = 0.0
        for i in range(ptr[u], ptr[u + 1]):
            row[idx[i]] = 0.0


@njit(cache=True, nogil=True, fastmath={"contract"})
def dense_rows(ptr, idx, tptr, tidx, g, f, strips, low, high, out):
    """Score rows by multiplying with whole rows of the matrix, strip of columns by strip.

    ``strips[s, z2]`` is row z2 of the adjacency in strip s, padded with zeros.
    """
    n_target = len(tptr) - 1
    between = np.empty(STRIP)
    for s in range(len(strips)):
        strip = strips[s]
        first = s * STRIP
        width = min(STRIP, n_target - first)
        for u in range(low, high):
            weight = g[u - low]
            row = out[u - low]
            for i in range(ptr[u], ptr[u + 1]):
                z1 = idx[i]
                between[:] = 0.0
                j, end = tptr[z1], tptr[z1 + 1]
                while j + 4 <= end:
                    a, b, c, d = tidx[j], tidx[j + 1], tidx[j + 2], tidx[j + 3]
                    wa, wb, wc, wd = weight[a], weight[b], weight[c], weight[d]
                    for v in range(STRIP):
                        between[v] += (wa * strip[a, v] + wb * strip[b, v]) + (
                            wc * strip[c, v] + wd * strip[d, v]
                        )
                    j += 4
                while j < end:
                    a = tidx[j]
                    for v in range(STRIP):
                        between[v] += weight[a] * strip[a, v]
                    j += 1
                for v in range(width):
                    row[first + v] += between[v] * f[z1, first + v]
    for u in range(low, high):
        for i in range(ptr[u], ptr[u + 1]):
            out[u - low, idx[i]] = 0.0
