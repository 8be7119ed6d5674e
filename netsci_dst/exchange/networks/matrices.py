"""Matrices in binary files: Matrix Market, numpy, scipy, MATLAB."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse

from ...errors import DataError
from ...limits import check_size
from ...link_tables import table_of_matrix
from ...network import LinkTable
from ..hdf5 import MARKS, read_mat73
from ..mat5 import mat5_variables
from ..npz import check_header, check_shape, npz_arrays, stored_sparse
from .found import Found, Options
from .source import Source
from .text import Text

_WELL_KNOWN = (
    "adjacency",
    "adj",
    "a",
    "net",
    "network",
    "connectivity",
    "matrix",
    "w",
    "g",
    "graph",
)
_PAIRS = ("edge_index", "edges", "edge_list", "edgelist", "links")


def of_matrix(matrix: Any, origin: str, form: str, options: Options) -> Found:
    """Return the links of a matrix; one that is not square joins its rows to its columns."""
    if matrix.ndim != 2:
        raise DataError(f"{origin} holds an array of shape {matrix.shape}, not a matrix")
    rows, columns = matrix.shape
    sparse = scipy.sparse.coo_array(matrix)
    if rows != columns:
        check_size(64.0 * (rows + columns), 0, origin)  # each has a name
        return _two_modes(sparse, form)
    table = table_of_matrix(matrix if scipy.sparse.issparse(matrix) else np.asarray(matrix))
    found = Found(table, form)
    if options.directed is not None and options.directed != table.directed:
        found.table = _as_said(scipy.sparse.coo_array(matrix), table, options.directed)
    elif table.directed is False and not _is_symmetric(sparse):
        found.notes.append("the matrix is triangular: taken as undirected")
        table.directed = False
    return found


def _is_symmetric(matrix: Any) -> bool:
    return bool((abs(matrix - matrix.T) > 0).nnz == 0)


def _as_said(matrix: Any, table: LinkTable, directed: bool) -> LinkTable:
    if directed:
        u, v, w = matrix.row, matrix.col, matrix.data
        keep = w != 0
        weights = None if table.weights is None else w[keep]
        return LinkTable(matrix.shape[0], u[keep], v[keep], weights, True)
    table.directed = False
    return table


def _two_modes(matrix: Any, form: str) -> Found:
    rows, columns = matrix.shape
    matrix.sum_duplicates()
    keep = matrix.data != 0
    weights = matrix.data[keep].astype(np.float64)
    table = LinkTable(
        rows + columns,
        matrix.row[keep],
        matrix.col[keep] + rows,
        None if (weights == 1).all() else weights,
        False,
        [f"row {i + 1}" for i in range(rows)] + [f"column {i + 1}" for i in range(columns)],
        {"mode": np.repeat([1, 2], [rows, columns])},
    )
    return Found(table, f"{form}, {rows} by {columns}: rows are linked to columns")


def read_matrix_market(text: Text, data: bytes, options: Options) -> Found:
    """Read a Matrix Market file.

    Raises
    ------
    DataError
        If it is none, or its size is not that of a network.
    """
    from scipy.io import mminfo, mmread

    rows, columns, entries, storage, kind, symmetry = mminfo(io.BytesIO(data))
    if kind == "complex":
        raise text.error("holds complex numbers, which are no weights")
    numbers = float(rows) * columns if storage == "array" else 4.0 * entries
    check_size(8 * (numbers + rows + columns), len(data), text.origin)
    if storage == "coordinate" and entries > len(data):
        raise text.error(f"says {entries:,} entries, more than it can hold")
    matrix = scipy.sparse.coo_array(mmread(io.BytesIO(data)))
    found = of_matrix(matrix, text.origin, f"Matrix Market ({symmetry})", options)
    unsaid = symmetry == "general" and rows == columns and options.directed is None
    if unsaid and found.table.directed is False and not _is_symmetric(matrix):
        found.table.directed = None  # one triangle alone may mean either
    if kind == "pattern":
        found.table.weights = None
    return found


def read_numpy(source: Source, options: Options) -> Found:
    """Read ``.npy`` and ``.npz``: a square matrix, a sparse matrix of scipy, or pairs of nodes."""
    if source.data.startswith(b"\x93NUMPY"):
        check_header(io.BytesIO(source.data), len(source.data), source.origin)
        array = np.load(io.BytesIO(source.data), allow_pickle=False)
        return _array(array, source, "numpy array", options)
    arrays = npz_arrays(source.data, source.origin, source.size)
    if {"indices", "indptr", "data", "shape"} <= arrays.keys():
        return of_matrix(
            stored_sparse(arrays, source.size, source.origin),
            source.origin,
            "scipy matrix",
            options,
        )
    if {"row", "col", "data", "shape"} <= arrays.keys():
        parts = (arrays["data"], (arrays["row"], arrays["col"]))
        check_shape(arrays["shape"], source.size, source.origin)
        matrix = scipy.sparse.coo_array(parts, shape=tuple(int(n) for n in arrays["shape"]))
        return of_matrix(matrix, source.origin, "scipy matrix", options)
    return _chosen(arrays, source, "numpy archive", options)


def read_mat(source: Source, options: Options) -> Found:
    """Read a MATLAB file of any version: the one square matrix in it, or the one so called."""
    if source.data.startswith(MARKS):
        found = read_mat73(io.BytesIO(source.data), source.origin, source.size)
    else:
        found = mat5_variables(source.data, source.origin, source.size)
    return _chosen(found, source, "MATLAB matrix", options)


def _chosen(arrays: Mapping[str, Any], source: Source, form: str, options: Options) -> Found:
    """Return the network of the one array that can be a matrix, or pairs of nodes."""
    arrays = dict(_flat(arrays))
    for name in _PAIRS:
        if name in arrays:
            return _array(arrays[name], source, form, options)
    matrices = {
        name: value
        for name, value in arrays.items()
        if getattr(value, "ndim", 0) == 2 and min(value.shape) > 1 and value.dtype.kind in "biuf"
    }
    square = {k: v for k, v in matrices.items() if v.shape[0] == v.shape[1]} or matrices
    if len(square) > 1:
        named = {k: v for k, v in square.items() if _is_well_known(k)}
        square = named if len(named) == 1 else square
    if len(square) != 1:
        listed = ", ".join(sorted(square)[:6])
        what = f"{len(square)} matrices ({listed}): keep one" if square else "no matrix"
        raise DataError(f"{source.origin} holds {what}")
    ((name, matrix),) = square.items()
    found = _array(matrix, source, f"{form} {name!r}", options)
    others = sorted(matrices.keys() - {name})
    if others and not _is_well_known(name):
        found.notes.append(f"left out: {', '.join(others[:6])}")
    return found


def _is_well_known(name: str) -> bool:
    return re.sub(r".*\.", "", name.lower()) in _WELL_KNOWN


def _flat(arrays: Mapping[str, Any]) -> list[tuple[str, Any]]:
    flat = []
    for key, value in arrays.items():
        if isinstance(value, Mapping):
            flat += [(f"{key}.{name}", inner) for name, inner in value.items()]
        else:
            flat.append((key, value))
    return flat


def _array(array: Any, source: Source, form: str, options: Options) -> Found:
    if array.ndim == 2 and array.shape[0] == array.shape[1] and array.shape[0] > 3:
        return of_matrix(array, source.origin, form, options)
    pairs = array.dtype.kind in "iu" and array.ndim == 2 and min(array.shape) in (2,)
    if pairs and not scipy.sparse.issparse(array):
        u, v = array.T if array.shape[1] == 2 else array
        if min(u.min(initial=0), v.min(initial=0)) < 0:
            raise DataError(f"{source.origin} holds links of nodes below 0")
        n = int(max(u.max(initial=-1), v.max(initial=-1))) + 1
        check_size(8.0 * n, source.size, source.origin)
        return Found(LinkTable(n, u, v), f"{form}: pairs of nodes")
    return of_matrix(array, source.origin, form, options)
