"""The footer of a parquet file: as Arrow reads it, and no harm from a damaged one."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from netsci_dst.errors import FormatError
from netsci_dst.parquet_footer import row_groups

TABLE = pa.table(
    {
        "step": np.arange(1000),
        "loss": np.random.default_rng(0).random(1000),
        "layer": ["a", "b"] * 500,
        "links": [[1, 2], [3]] * 500,
        "kept": [True, False] * 500,
    }
)


def written(table, **options):
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    data = buffer.getvalue()
    return data, data[-8 - int.from_bytes(data[-8:-4], "little") : -8]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"row_group_size": 7},
        {"version": "1.0"},
        {"use_dictionary": False},
        {"compression": "gzip"},
    ],
)
def test_sizes_are_those_that_arrow_reads(options):
    data, footer = written(TABLE, **options)
    told = pq.ParquetFile(io.BytesIO(data)).metadata
    found = row_groups(footer)
    assert len(found) == told.num_row_groups
    for i, group in enumerate(found):
        theirs = told.row_group(i)
        assert group.n_rows == theirs.num_rows
        assert len(group.columns) == theirs.num_columns
        for j, column in enumerate(group.columns):
            entry = theirs.column(j)
            assert column.n_values == entry.num_values
            assert column.n_bytes == entry.total_uncompressed_size
            named = {"RLE_DICTIONARY", "PLAIN_DICTIONARY"} & set(entry.encodings)
            assert column.by_dictionary == bool(named)


def test_a_damaged_footer_is_refused_or_read():
    _, footer = written(TABLE.slice(0, 10))
    refused = 0
    for i in range(len(footer)):
        for bit in range(8):
            damaged = bytearray(footer)
            damaged[i] ^= 1 << bit
            try:
                row_groups(bytes(damaged))
            except FormatError:
                refused += 1
    for end in range(len(footer)):
        with pytest.raises(FormatError):
            row_groups(footer[:end])
    assert refused > 100


@pytest.mark.parametrize("data", [b"", b"\x1c" * 5000, b"\x19" * 5000, b"\x49\xff" + b"\xff" * 40])
def test_nesting_and_lists_without_end_are_refused(data):
    with pytest.raises(FormatError):
        row_groups(data)
