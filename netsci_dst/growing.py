"""Rows on disk that grow at a cost which does not grow with them: a main file and a short tail.

New rows go to the tail, which is rewritten whole; after `LIMIT` additions it is merged into the
main file. The tail says after how many rows of the main file it comes, and counts only while the
main file has that many: a process may die between any two writes, no row is lost or seen twice.
"""

from __future__ import annotations

import contextlib
from typing import Any, Generic, Protocol, TypeVar

from .errors import FormatError, RunError
from .reading import reading
from .store import Store

Rows = TypeVar("Rows", bound="Sized")
# Additions a tail takes; a main file of at most this many rows is itself rewritten at each.
LIMIT = 64


class Sized(Protocol):
    """Anything with a length."""

    def __len__(self) -> int: ...


class Form(Protocol[Rows]):
    """How rows are joined, written and read; a file with ``after`` is a tail."""

    def join(self, first: Rows, second: Rows) -> Rows:
        """Return the rows of both."""
        ...

    def empty(self, like: Rows | None) -> Rows:
        """Return no rows, of the kind of others."""
        ...

    def encode(self, rows: Rows, after: int | None) -> Any:
        """Return the bytes of a file."""
        ...

    def decode(self, data: bytes) -> tuple[Rows, int | None]:
        """Return the rows of a file and, of a tail, after how many it comes."""
        ...


class Growing(Generic[Rows]):
    """Rows in the file ``name`` and its tail ``tail``; one process at a time may write."""

    def __init__(self, store: Store, name: str, tail: str, form: Form[Rows]):
        self.store = store
        self.name = name
        self.tail = tail
        self.form = form
        self._length: int | None = None  # rows in the main file
        self._waiting: Rows | None = None  # rows in the tail
        self._additions = 0
        self._kind: Rows | None = None

    def read(self) -> Rows:
        """Return all rows."""
        # The tail first: a writer may merge it into the main file between the two reads.
        tail, main = self._load(self.tail), self._main()
        if tail is None:
            return main
        rows, after = tail
        if type(after) is not int:
            raise FormatError(f"{self.store.path(self.tail)} is corrupt: it follows nothing")
        return self.form.join(main, rows) if after == len(main) else main

    def extend(self, rows: Rows) -> None:
        """Add rows; they are on the disk when this returns."""
        if self._length is None:
            self._start()
        assert self._length is not None
        assert self._kind is not None
        # Rows that do not go with the others must be refused before they are written.
        self._kind = self.form.join(self._kind, self.form.empty(rows))
        tail = rows if self._waiting is None else self.form.join(self._waiting, rows)
        if self._length + len(tail) <= LIMIT or self._additions >= LIMIT:
            self._write_through(tail)
        else:
            self.store.write(self.tail, self.form.encode(tail, self._length))
            self._waiting, self._additions = tail, self._additions + 1

    def replace(self, rows: Rows) -> None:
        """Write all rows anew, without a tail."""
        self._length = None  # until all is done: what a failure leaves must be looked up
        self.store.write(self.name, self.form.encode(rows, None))
        if self.store.exists(self.tail):
            self.store.delete(self.tail)
        self._stand_at(rows)

    def merge(self) -> None:
        """Merge the tail, of this process or an earlier one, into the main file."""
        # A tail that is gone went with its folder, which must not be made anew.
        if not self.store.exists(self.tail):
            return
        if self._length is None:
            self._start()
        elif self._waiting is not None:
            self._write_through(self._waiting)

    def forget(self) -> None:
        """Look at the disk again before the next row: another process may have written."""
        self._length, self._waiting, self._additions, self._kind = None, None, 0, None

    def _write_through(self, tail: Rows) -> None:
        main = self._main()
        if len(main) != self._length:
            raise RunError(f"{self.store.path(self.name)} was changed by something else")
        rows = self.form.join(main, tail)
        self._length = None
        self.store.write(self.name, self.form.encode(rows, None))
        # The rows are safe, and a tail that stays follows fewer rows than there are: it counts no
        # more. To raise here would have the caller add its rows once more.
        with contextlib.suppress(RunError):
            if self.store.exists(self.tail):
                self.store.delete(self.tail)
        self._stand_at(rows)

    def _start(self) -> None:
        rows = self.read()
        if self.store.exists(self.tail):
            self.replace(rows)
        self._stand_at(rows)

    def _stand_at(self, main: Rows) -> None:
        self._length, self._waiting, self._additions = len(main), None, 0
        self._kind = self.form.empty(main)

    def _main(self) -> Rows:
        found = self._load(self.name)
        if found is None:
            return self.form.empty(None)
        if found[1] is not None:
            raise FormatError(f"{self.store.path(self.name)} is corrupt: it is a tail")
        return found[0]

    def _load(self, name: str) -> tuple[Rows, int | None] | None:
        data = self.store.read_if_there(name)
        if data is None:
            return None
        with reading(self.store.path(name)):
            return self.form.decode(data)
