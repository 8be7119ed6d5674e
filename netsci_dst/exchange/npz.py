"""npz archives without pickle, and the sparse matrices of scipy in them, every size checked."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from ..errors import FormatError
from ..limits import check_size
from ..reading import reading


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an archive; anything unreadable is a `FormatError`."""
    with reading(path, "a readable npz file"):
        return npz_arrays(path.read_bytes(), path)


def npz_arrays(
    data: bytes, origin: object, file_size: int | None = None
) -> dict[str, NDArray[Any]]:
    """Return the arrays of the bytes of an archive, unpacked from a file of ``file_size``.

    Raises
    ------
    FormatError
        If an array is larger than it may be, or than the archive, or holds pickled objects.
    """
    check_archive(io.BytesIO(data), file_size or len(data), origin)
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def check_archive(file: Any, file_size: int, origin: object) -> None:
    """Refuse an archive, a path or an open file, whose arrays are larger than they may be."""
    with zipfile.ZipFile(file) as archive:
        infos = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        check_size(sum(info.file_size for info in infos), file_size, origin)
        for info in infos:
            with archive.open(info) as member:
                check_header(member, info.file_size, origin)


def check_numpy(path: Path) -> None:
    """Refuse a file of arrays, ``.npy`` or ``.npz``, that asks for more memory than it may."""
    with reading(path, "a file of NumPy arrays"):
        size = path.stat().st_size
        with path.open("rb") as file:
            mark = file.read(6)
            file.seek(0)
            if mark.startswith(b"PK"):
                check_archive(file, size, path)
            elif mark == b"\x93NUMPY":
                check_header(file, size, path)
            else:
                raise FormatError(f"{path} is no file of NumPy arrays")


def check_header(member: Any, size: int, origin: object) -> None:
    """Refuse an array whose header says more than its ``size`` bytes can hold, or objects."""
    version = np.lib.format.read_magic(member)
    first = version == (1, 0)
    read = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(member)
    if dtype.hasobject:
        raise FormatError(f"{origin} holds pickled objects, which are not read")
    if float(np.prod(shape, dtype=float)) * dtype.itemsize > size:
        raise FormatError(f"{origin} says it holds more numbers than it does")


def check_shape(shape: Any, file_size: int, origin: object) -> None:
    """Refuse a shape that is not of a matrix, or whose row starts would take too much memory."""
    if np.shape(shape) != (2,):
        raise FormatError(f"{origin} holds a matrix of shape {shape}")
    check_size(8.0 * (float(shape[0]) + float(shape[1])), file_size, origin)


def stored_sparse(arrays: Mapping[str, Any], file_size: int, origin: object) -> Any:
    """Return a sparse matrix of scipy whose parts were checked against each other.

    Raises
    ------
    FormatError
        If they contradict each other.
    """
    form = arrays.get("format", np.array("csr")).item()
    form = form.decode() if isinstance(form, bytes) else form
    kinds = {"csr": scipy.sparse.csr_array, "csc": scipy.sparse.csc_array}
    if form not in kinds:
        raise FormatError(f"{origin} holds a sparse matrix of form {form!r}; save it as csr")
    with reading(origin, "a sparse matrix that can be read"):
        check_shape(arrays["shape"], file_size, origin)
        parts = (arrays["data"], arrays["indices"], arrays["indptr"])
        matrix = kinds[form](parts, shape=tuple(int(n) for n in arrays["shape"]))
        matrix.check_format(full_check=True)
    return matrix
