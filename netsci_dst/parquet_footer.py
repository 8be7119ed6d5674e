"""What the footer of a parquet file claims, read by ourselves.

Arrow ends the process where it looks at one column's entry of a damaged footer. The footer is a
struct in Thrift's compact form; only sizes are taken from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import FormatError

_DICTIONARY = {2, 8}  # PLAIN_DICTIONARY, RLE_DICTIONARY
_DEEPEST = 32


@dataclass(frozen=True)
class Column:
    """One column of a row group: values, bytes unpacked, whether a value is stored once."""

    n_values: int
    n_bytes: int
    by_dictionary: bool


@dataclass(frozen=True)
class RowGroup:
    """The rows that are stored together."""

    n_rows: int
    columns: tuple[Column, ...]


def row_groups(footer: bytes) -> list[RowGroup]:
    """Return the row groups that a footer names (Apache Parquet format, ``FileMetaData``).

    Raises
    ------
    FormatError
        If the footer is damaged.
    """
    try:
        groups = _Struct(footer).read()[4]
        return [RowGroup(group[3], tuple(map(_column, group[1]))) for group in groups]
    except (IndexError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise FormatError("its footer is damaged") from error


def _column(entry: Mapping[int, Any]) -> Column:
    facts = entry[3]
    return Column(int(facts[5]), int(facts[6]), bool(_DICTIONARY.intersection(facts[2])))


class _Struct:
    """Thrift's compact protocol: a struct as a dictionary of its fields by number."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def read(self, depth: int = 0) -> dict[int, Any]:
        if depth > _DEEPEST:
            raise ValueError("too deep")
        out: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            kind = head & 15
            number = number + (head >> 4) if head >> 4 else self._integer()
            out[number] = self._value(kind, depth)
        return out

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (1, 2):
            return kind == 1
        if kind == 3:
            return self._byte()
        if kind in (4, 5, 6):
            return self._integer()
        if kind == 7:
            return self._bytes(8)
        if kind == 8:
            return self._bytes(self._count())
        if kind in (9, 10):
            return self._list(depth)
        if kind == 12:
            return self.read(depth + 1)
        raise ValueError(f"a field of the unknown kind {kind}")

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        count = self._count() if head >> 4 == 15 else head >> 4
        if count > len(self.data) - self.at:
            raise ValueError("a list that is longer than the footer")
        if depth > _DEEPEST:
            raise ValueError("too deep")
        if head & 15 in (1, 2):  # in a list a truth value takes a byte
            return [self._byte() == 1 for _ in range(count)]
        return [self._value(head & 15, depth + 1) for _ in range(count)]

    def _byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def _bytes(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise ValueError("text that is longer than the footer")
        self.at += count
        return self.data[self.at - count : self.at]

    def _count(self) -> int:
        found = shift = 0
        while True:
            byte = self._byte()
            found |= (byte & 127) << shift
            if byte < 128:
                return found
            shift += 7
            if shift > 63:
                raise ValueError("a number of more than 64 bits")

    def _integer(self) -> int:
        found = self._count()
        return (found >> 1) ^ -(found & 1)
