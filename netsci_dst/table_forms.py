"""How rows are written and read, with checksums: as an Arrow table, as JSON."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .errors import FormatError, RunError
from .parquet import read_table

if TYPE_CHECKING:
    import pyarrow as pa

_HEADER, _CHECKSUM = "netsci_dst", "crc32"


class Parquet:
    """Rows as an Arrow table.

    Pages carry checksums; the metadata entry ``netsci_dst`` guards what they do not, the columns
    and the number of rows, and says what a tail follows. With ``required``, a table without it is
    refused.
    """

    def __init__(self, required: bool = False):
        self.required = required

    def join(self, first: pa.Table, second: pa.Table) -> pa.Table:
        """Return the rows of both."""
        import pyarrow as pa

        if not first.num_columns or not second.num_columns:
            return first if first.num_columns else second
        try:
            return pa.concat_tables([first, second], promote_options="permissive").combine_chunks()
        except pa.ArrowException as error:
            raise RunError(f"rows with columns of other types than before: {error}") from error

    def empty(self, like: pa.Table | None) -> pa.Table:
        """Return no rows, of the kind of others."""
        import pyarrow as pa

        return pa.table({}) if like is None else like.schema.empty_table()

    def encode(self, rows: pa.Table, after: int | None) -> Any:
        """Return the bytes of a file; with ``after``, of a tail."""
        import pyarrow.parquet as pq

        text = json.dumps({"after": after, "rows": len(rows), "columns": _columns(rows)})
        metadata = {_HEADER: text, _CHECKSUM: f"{zlib.crc32(text.encode()):08x}"}
        buffer = io.BytesIO()
        pq.write_table(rows.replace_schema_metadata(metadata), buffer, write_page_checksum=True)
        return buffer.getbuffer()

    def decode(self, data: bytes) -> tuple[pa.Table, int | None]:
        """Return the rows of a file and, of a tail, after how many it comes."""
        rows = read_table(data, checked=True)
        metadata, after = rows.schema.metadata or {}, None
        if text := metadata.get(_HEADER.encode()):
            header = json.loads(text)
            found = f"{zlib.crc32(text):08x}".encode()
            same = header["columns"] == _columns(rows) and header.get("rows") in (None, len(rows))
            if metadata.get(_CHECKSUM.encode()) != found or not same:
                raise ValueError("its rows and columns do not match their checksum")
            after = header["after"]
        elif self.required:
            raise FormatError("it has no checksum")
        _columns(rows)  # names that are not text are refused here
        return rows.replace_schema_metadata(None), after


def _columns(rows: pa.Table) -> list[list[str]]:
    return [[column.name, str(column.type)] for column in rows.schema]


class Json:
    """Rows as a JSON object with ``after``, ``rows`` and a checksum of both."""

    def join(
        self, first: list[dict[str, Any]], second: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Return the rows of both."""
        return [*first, *second]

    def empty(self, like: Any) -> list[dict[str, Any]]:
        """Return no rows, of the kind of others."""
        return []

    def encode(self, rows: Sequence[Mapping[str, Any]], after: int | None) -> bytes:
        """Return the bytes of a file; with ``after``, of a tail."""
        body = {"after": after, "rows": list(rows)}
        return json.dumps({**body, _CHECKSUM: _checksum(body)}).encode()

    def decode(self, data: bytes) -> tuple[list[dict[str, Any]], int | None]:
        """Return the rows of a file and, of a tail, after how many it comes."""
        found = json.loads(data)
        if isinstance(found, list):  # as older versions wrote it, without a checksum
            return found, None
        rows, after = found["rows"], found["after"]
        if found[_CHECKSUM] != _checksum({"after": after, "rows": rows}):
            raise FormatError("it does not match its checksum: it was changed or damaged")
        if not isinstance(rows, list):
            raise FormatError("it holds no list")
        return rows, after


def _checksum(body: Mapping[str, Any]) -> str:
    return f"{zlib.crc32(json.dumps(body).encode()):08x}"
