"""MATLAB files of versions 5 to 7, read with every length checked.

`scipy.io.loadmat` reads healthy files, but a damaged one can crash the process; files of others are
not to be trusted that far. Numeric, logical, sparse, text and cell arrays and single structures are
read; others skipped.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..limits import Budget, TooLarge, allowed_bytes

_TYPES = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
_TEXT = {2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32", 1: "latin-1"}
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8"}
_CLASSES[15] = "u8"
_MATRIX, _COMPRESSED, _CELL, _STRUCT, _CHAR, _SPARSE = 14, 15, 1, 2, 4, 5
_LARGEST = 2**31
_DEEPEST = 8


def read_mat5(path: Path) -> dict[str, Any]:
    """Return the variables by name: arrays, scipy sparse matrices, text, lists for cells.

    Raises
    ------
    FormatError
        If the file is no MATLAB file of these versions, or is damaged.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error}") from error
    return mat5_variables(data, path)


def mat5_variables(data: bytes, path: object, file_size: int | None = None) -> dict[str, Any]:
    """Return the variables of the bytes of a file of ``file_size``; see `read_mat5`."""
    mark = data[126:128]
    if len(data) < 128 or mark not in (b"IM", b"MI"):
        raise FormatError(f"{path} is not a readable .mat file of version 5 or later")
    order = "<" if mark == b"IM" else ">"
    found: dict[str, Any] = {}
    budget = Budget(file_size or len(data), path)
    try:
        place = 128
        while place + 8 <= len(data):
            kind, body, place = _element(data, place, order, top=True)
            if kind == _COMPRESSED:
                inner = zlib.decompressobj()
                left = max(1, int(allowed_bytes(budget.file_size) - budget.asked))
                body = inner.decompress(body, left)
                budget.take(len(body) + (left if inner.unconsumed_tail else 0))
                kind, body, _ = _element(body, 0, order, top=True)
            if kind == _MATRIX:
                name, value = _array(body, order, 0, budget)
                if value is not None:
                    found[name] = value
    except TooLarge:
        raise
    except (struct.error, zlib.error, ValueError, KeyError, IndexError, OverflowError) as error:
        raise FormatError(f"{path} is not a readable .mat file: {error}") from error
    return found


def _element(data: bytes, place: int, order: str, top: bool = False) -> tuple[int, bytes, int]:
    """Return type, bytes, and where the next element begins."""
    kind, size = struct.unpack_from(order + "II", data, place)
    if kind >> 16 and not top:
        size, kind = kind >> 16, kind & 0xFFFF
        if size > 4:
            raise ValueError("a small element is too long")
        return kind, data[place + 4 : place + 4 + size], place + 8
    begin, end = place + 8, place + 8 + size
    if end > len(data):
        raise ValueError("an element is longer than the file")
    padding = 0 if kind == _COMPRESSED else -size % 8
    return kind, data[begin:end], end + padding


def _numbers(kind: int, body: bytes, order: str) -> NDArray[Any]:
    dtype = np.dtype(order + _TYPES[kind])
    if len(body) % dtype.itemsize:
        raise ValueError("an element holds half a number")
    return np.frombuffer(body, dtype)


def _array(body: bytes, order: str, depth: int, budget: Budget) -> tuple[str, Any]:
    if depth > _DEEPEST:
        raise ValueError("cells are nested too deeply")
    kind, flags, place = _element(body, 0, order)
    what = int(_numbers(kind, flags, order)[0])
    array_class, is_complex, is_logical = what & 0xFF, bool(what & 0x800), bool(what & 0x200)
    kind, raw, place = _element(body, place, order)
    shape = tuple(int(n) for n in _numbers(kind, raw, order))
    large = array_class != _SPARSE and np.prod([float(n) for n in shape]) > _LARGEST
    if len(shape) < 2 or min(shape) < 0 or large:
        raise ValueError("an array has an impossible shape")
    _, raw, place = _element(body, place, order)
    name = raw.decode("latin-1")
    if is_complex or array_class not in (*_CLASSES, _CELL, _STRUCT, _CHAR, _SPARSE):
        return name, None
    if array_class == _CELL:
        cells = []
        for _ in range(int(np.prod(shape))):
            _, inner, place = _element(body, place, order, top=True)
            cells.append(_array(inner, order, depth + 1, budget)[1] if inner else None)
        return name, cells
    if array_class == _STRUCT:
        return name, _struct(body, place, order, shape, depth, budget)
    if array_class == _SPARSE:
        return name, _sparse(body, place, order, shape, is_logical, budget)
    kind, raw, place = _element(body, place, order)
    if array_class == _CHAR:
        return name, raw.decode(_TEXT[kind])
    values = _numbers(kind, raw, order)
    if values.size != int(np.prod(shape)):
        raise ValueError("an array has fewer or more numbers than its shape says")
    dtype = np.dtype(bool if is_logical else _CLASSES[array_class])
    budget.take(values.size * dtype.itemsize)  # numbers may be stored narrower than they are
    values = values.astype(dtype)
    return name, values.reshape(shape, order="F")


def _struct(
    body: bytes, place: int, order: str, shape: tuple[int, ...], depth: int, budget: Budget
) -> Any:
    """Return the fields of a single structure; None for an array of them."""
    kind, raw, place = _element(body, place, order)
    length = int(_numbers(kind, raw, order)[0])
    _, raw, place = _element(body, place, order)
    if length < 1 or len(raw) % length or np.prod(shape) != 1:
        return None
    found = {}
    for start in range(0, len(raw), length):
        key = raw[start : start + length].partition(b"\0")[0].decode("latin-1")
        _, inner, place = _element(body, place, order, top=True)
        found[key] = _array(inner, order, depth + 1, budget)[1] if inner else None
    return found


def _sparse(
    body: bytes, place: int, order: str, shape: tuple[int, ...], is_logical: bool, budget: Budget
) -> Any:
    import scipy.sparse

    parts = []
    for _ in range(3):
        kind, raw, place = _element(body, place, order)
        parts.append(_numbers(kind, raw, order))
    rows, starts, values = parts
    if starts.size != shape[1] + 1:
        raise ValueError("a sparse array has the wrong number of columns")
    count = int(starts[-1])
    if not 0 <= count <= min(rows.size, values.size):
        raise ValueError("a sparse array is truncated")
    budget.take(16.0 * count + 8.0 * sum(shape))
    data = values[:count].astype(bool if is_logical else np.float64)
    columns = (data, rows[:count].astype(np.int64), starts.astype(np.int64))
    matrix = scipy.sparse.csc_array(columns, shape=shape)
    matrix.check_format(full_check=True)
    return matrix
