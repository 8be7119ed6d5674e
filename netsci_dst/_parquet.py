"""Reading parquet tables that are at hand as bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa


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
        return file.read(columns, use_threads=False)
