"""MATLAB 7.3 files, which are HDF5: matrices alone, and nothing that lies in another file."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

from ..errors import FormatError, MissingDependency
from ..limits import Budget
from ..reading import reading

MARKS = (b"\x89HDF\r\n\x1a\n", b"MATLAB 7.3")


def read_mat73(file: Any, origin: object, file_size: int) -> dict[str, Any]:
    """Return the matrices of a file by name: arrays, or scipy sparse matrices.

    Parameters
    ----------
    file
        A path, or an open binary file.

    Raises
    ------
    FormatError
        If it is no such file, is too large, or refers to other files: external links, external
        storage and virtual data sets could show what else is on this machine.
    """
    try:
        import h5py
    except ImportError:
        raise MissingDependency("h5py", "exchange", "reading a .mat file of version 7.3") from None
    found: dict[str, Any] = {}
    with reading(origin, "a readable .mat file"), h5py.File(file, "r") as opened:
        _collect(h5py, opened, "", found, Budget(file_size, origin))
    return found


def _collect(h5py: Any, group: Any, prefix: str, found: dict[str, Any], budget: Budget) -> None:
    for key in group:
        name = f"{prefix}{key}"
        if name.startswith("#"):
            continue  # what cells refer to
        link = group.get(key, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise _elsewhere(budget, name)
        item = group[key]
        if isinstance(item, h5py.Dataset):
            if item.dtype.kind in "biuf" and item.ndim == 2:
                found[name] = _values(item, name, budget).T  # MATLAB stores columns first
        elif "MATLAB_sparse" in item.attrs:
            found[name] = _sparse(h5py, item, name, budget)
        elif not prefix:
            _collect(h5py, item, f"{name}.", found, budget)


def _values(item: Any, name: str, budget: Budget) -> Any:
    if item.external or item.is_virtual:
        raise FormatError(
            f"{budget.origin}: the values of {name!r} lie in other files, which are not read"
        )
    budget.take(float(np.prod(item.shape, dtype=float)) * item.dtype.itemsize)
    return np.asarray(item)


def _sparse(h5py: Any, group: Any, name: str, budget: Budget) -> Any:
    parts = {}
    for key in ("data", "ir", "jc"):
        if key not in group:
            parts[key] = np.empty(0, dtype=np.int64)  # MATLAB leaves out what is empty
            continue
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise _elsewhere(budget, name)
        parts[key] = _values(group[key], name, budget)
    rows = int(group.attrs["MATLAB_sparse"])
    columns = max(parts["jc"].size - 1, 0)
    budget.take(8.0 * (max(rows, 0) + columns))
    indices = (parts["data"], parts["ir"].astype(np.int64), parts["jc"].astype(np.int64))
    matrix = scipy.sparse.csc_array(indices, shape=(rows, columns))
    matrix.check_format(full_check=True)
    return matrix


def _elsewhere(budget: Budget, name: str) -> FormatError:
    return FormatError(
        f"{budget.origin}: {name!r} is a link to another place, which is not followed"
    )
