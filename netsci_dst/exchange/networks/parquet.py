"""Tables of links as parquet, and data frames."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ...parquet import read_table
from .columns import assign_roles
from .comments import Said
from .found import Found, Options
from .source import Source
from .table_links import Table, links_of_table
from .text import Text


def read_parquet(source: Source, options: Options) -> Found:
    """Read a table of links; its size is checked by its footer before it is read."""
    table = read_table(source.data, file_size=source.size)
    return read_frame(table.to_pandas(), options, source.origin, "parquet")


def read_frame(frame: pd.DataFrame, options: Options, origin: str, form: str) -> Found:
    """Read a data frame of links, told apart by the names of its columns."""
    text = Text(origin, "")
    if not len(frame):
        raise text.error("lists no links")
    plain = frame.reset_index(drop=True)
    header = [str(name) for name in plain.columns]
    plain.columns = range(len(header))
    written = plain.apply(lambda column: _written(column))
    sample = written.head(500).to_numpy().tolist()
    named = None if header == [str(i) for i in range(len(header))] else header
    roles = assign_roles(text, options, named, sample, 1)
    found = links_of_table(text, options, Table(written, named, roles, 1), Said())
    found.form = form
    return found


def _written(column: Any) -> Any:
    if column.dtype.kind == "f" and (column.dropna() % 1 == 0).all() and not column.isna().any():
        whole = column.astype("int64")
        return whole.astype("str") if (whole == column).all() else column.astype("str")
    return column.astype("str").where(column.notna(), "")
