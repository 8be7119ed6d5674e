"""Reading parquet tables, their sizes checked before memory is taken."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from .errors import FormatError
from .limits import Budget, allowed_bytes, check_size
from .parquet_footer import RowGroup, row_groups

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 12, "FLOAT": 4, "DOUBLE": 8}
_ROWS = 65_536
_OFFSET = 4  # where a value of any length begins


def read_table(
    data: bytes,
    columns: list[str] | None = None,
    checked: bool = False,
    file_size: int | None = None,
) -> pa.Table:
    """Read columns of a table, verifying page checksums if ``checked``.

    Arrow reads in threads of its own. Were the bytes Python's, such a thread would ask for
    Python's lock, and one that still waits when the interpreter ends aborts the process after its
    work is done. So the bytes are copied to memory of Arrow's. ``file_size`` is the size of the
    file that the bytes were unpacked from.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    memory = pa.allocate_buffer(len(data))
    np.frombuffer(memory, np.uint8)[:] = np.frombuffer(data, np.uint8)
    with pq.ParquetFile(pa.BufferReader(memory), page_checksum_verification=checked) as file:
        return _read(file, _footer(io.BytesIO(data)), columns, file_size or len(data))


def read_file(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read columns of a file."""
    import pyarrow.parquet as pq

    with path.open("rb") as stream, pq.ParquetFile(path) as file:
        return _read(file, _footer(stream), columns, path.stat().st_size)


def batches(path: Path, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file in parts."""
    import pyarrow.parquet as pq

    with path.open("rb") as stream, pq.ParquetFile(path) as file:
        size = path.stat().st_size
        rows = min(_ROWS, _rows(file, _footer(stream), size))
        yield from _parts(file, columns, size, rows)


def _footer(stream: BinaryIO) -> list[RowGroup]:
    """Return the row groups of a file that Arrow has opened: it ends with length and mark."""
    stream.seek(-8, os.SEEK_END)
    length = int.from_bytes(stream.read(4), "little")
    stream.seek(-8 - length, os.SEEK_END)
    return row_groups(stream.read(length))


def _read(
    file: pq.ParquetFile, groups: Sequence[RowGroup], columns: list[str] | None, file_size: int
) -> pa.Table:
    import pyarrow as pa

    rows = _rows(file, groups, file_size)
    if file.metadata.num_rows <= rows:
        return file.read(columns, use_threads=False)
    return pa.Table.from_batches(list(_parts(file, columns, file_size, rows)))


def _rows(file: pq.ParquetFile, groups: Sequence[RowGroup], file_size: int) -> int:
    """Return how many rows may be read at once, were each value the longest there can be.

    A value that is stored once can stand in any number of rows.
    """
    longest = _check_sizes(file.metadata, groups, file_size)
    return max(1, allowed_bytes(file_size) // max(4 * longest, 1))


def _parts(
    file: pq.ParquetFile, columns: list[str] | None, file_size: int, rows: int
) -> Iterator[pa.RecordBatch]:
    budget = Budget(file_size, "a table")
    for part in file.iter_batches(rows, columns=columns, use_threads=False):
        budget.take(part.nbytes)
        yield part


def _check_sizes(metadata: pq.FileMetaData, groups: Sequence[RowGroup], file_size: int) -> int:
    """Refuse what asks for more than a file of its size may; return the most that a row takes.

    The numbers of the footer are claims; what is read stops at them.
    """
    total, longest = float(metadata.num_rows), 0
    told = [metadata.schema.column(j) for j in range(metadata.num_columns)]
    for group in groups:
        if group.n_rows < 0:
            raise FormatError("it has a negative number of rows")
        if len(group.columns) != len(told):
            raise FormatError(f"a part has {len(group.columns)} columns, not {len(told)}")
        row = 0
        for column, kind in zip(group.columns, told):
            stored = max(0, column.n_bytes)
            width = _WIDTHS.get(kind.physical_type) or max(0, kind.length)
            values = max(group.n_rows, column.n_values)
            total += values * (width or _OFFSET) + (0 if width else stored)
            if not width and kind.max_repetition_level:
                # All values of a list may be one that is stored once, and as long as all is.
                total += float(values) * stored * column.by_dictionary
            row += width or stored
        longest = max(longest, row)
    check_size(total, file_size, "a table")
    return longest
