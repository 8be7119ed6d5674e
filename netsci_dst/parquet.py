"""Reading parquet tables that are at hand as bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .errors import FormatError
from .limits import check_size

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


def read_table(data: bytes, columns: list[str] | None = None, checked: bool = False) -> pa.Table:
    """Read columns of a table, verifying page checksums if ``checked``.

    Arrow reads in threads of its own. Were the bytes Python's, such a thread would ask for
    Python's lock, and one that still waits when the interpreter ends aborts the process after its
    work is done. So the bytes are copied to memory of Arrow's.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    memory = pa.allocate_buffer(len(data))
    np.frombuffer(memory, np.uint8)[:] = np.frombuffer(data, np.uint8)
    with pq.ParquetFile(pa.BufferReader(memory), page_checksum_verification=checked) as file:
        _check_sizes(file.metadata, len(data))
        return file.read(columns, use_threads=False)


def _check_sizes(metadata: pq.FileMetaData, file_size: int) -> None:
    """Refuse a header that asks for more than a file of its size may; its numbers are claims."""
    total = 0
    for i in range(metadata.num_row_groups):
        group = metadata.row_group(i)
        if group.num_rows < 0:
            raise FormatError("it has a negative number of rows")
        # A value of a column takes a byte or more, whatever its pages say.
        total += max(group.total_byte_size, group.num_rows * metadata.num_columns)
    check_size(max(total, metadata.num_rows), file_size, "a table")
