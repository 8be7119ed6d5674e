"""Pajek: vertices with coordinates, arcs and edges, lists, matrices, two modes, partitions."""

from __future__ import annotations

import re
from typing import Any

from ...reading import is_number
from .builder import Builder
from .found import Found, Options
from .symmetric import undirected_if_symmetric
from .text import Text

_FIELD = re.compile(r'"([^"]*)"|(\S+)')
_PARTS = ("arcs", "edges", "arcslist", "edgeslist", "matrix", "partition", "vector")


def is_pajek(text: Text) -> bool:
    """Whether the first section is one of Pajek's."""
    return (
        re.match(r"\s*((%|/\*).*\n\s*)*\*(vertices|network|arcs|edges)\b", text.text, re.I)
        is not None
    )


def read_pajek(text: Text, options: Options) -> Found:
    """Read a Pajek network; names, coordinates and partitions become names and attributes.

    Raises
    ------
    DataError
        If a link ends at a vertex that is not among those declared.
    """
    reader = _Pajek(text)
    for number, line in enumerate(text.text.split("\n"), start=1):
        stripped = line.strip()
        if not stripped or stripped[0] == "%" or stripped.startswith("/*"):
            continue
        reader.line(stripped, number)
    return reader.found()


def _fields(line: str) -> list[str]:
    return [quoted or plain for quoted, plain in _FIELD.findall(line)]


def _vertex_fields(line: str) -> list[str]:
    # Some programs do not double the quotes inside a name.
    match = re.fullmatch(r'(\d+)\s+"(.*)"((?:\s+[^"\s]+)*)', line)
    return [match[1], match[2], *match[3].split()] if match else _fields(line)


class _Pajek:
    def __init__(self, text: Text):
        self.text = text
        self.builder = Builder(text, closed=True)
        self.part = ""
        self.n = self.first_mode = 0
        self.row = 0
        self.named = False
        self.column = ""
        self.networks = 0
        self.seen: set[str] = set()
        self.relations: dict[str, None] = {}

    def line(self, line: str, number: int) -> None:
        if line[0] == "*":
            self._section(line, number)
        elif self.part == "vertices":
            self._vertex(_vertex_fields(line), number)
        elif self.part in ("arcs", "edges"):
            self._link(_fields(line), number)
        elif self.part in ("arcslist", "edgeslist"):
            fields = _fields(line)
            for other in fields[1:]:
                self._link([fields[0], other], number)
        elif self.part == "matrix":
            self._matrix_row(line.split(), number)
        elif self.part in ("partition", "vector"):
            self._value(line, number)
        else:
            raise self.text.error(f"{line[:40]!r} stands in no section of Pajek", number)

    def _section(self, line: str, number: int) -> None:
        words = _fields(line[1:])
        self.part = words[0].lower().partition(":")[0]
        self.row = 0
        if self.part == "network":
            self.networks += 1
            if self.networks > 1:
                raise self.text.error("a second network begins here: keep one a file", number)
        elif self.part == "vertices":
            self._vertices(words[1:], number)
        elif self.part in ("partition", "vector", "permutation", "cluster"):
            self.column = " ".join(words[1:]).strip() or self.part
            self.part = self.part if self.part in _PARTS else "partition"
        elif self.part not in _PARTS:
            raise self.text.error(f"section {words[0]!r} is unknown", number)
        else:
            self.seen.add(self.part)
            relation = line.partition(":")[2].strip()
            if relation and self.part in ("arcs", "edges"):
                self.relations[relation] = None

    def _vertices(self, words: list[str], number: int) -> None:
        if not words or not words[0].isdigit():
            raise self.text.error("*Vertices needs their number", number)
        if self.n:
            # Partitions and vectors repeat the number of vertices.
            if int(words[0]) != self.n:
                raise self.text.error(f"{words[0]} vertices here, {self.n} above", number)
            self.part = "partition" if self.column else "vertices"
            return
        self.n = int(words[0])
        self.first_mode = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
        if self.n > max(10_000_000, 4 * len(self.text.text)):
            raise self.text.error(f"{self.n:,} vertices are more than this file can hold", number)
        for i in range(1, self.n + 1):
            mode = {"mode": 1 if i <= self.first_mode else 2} if self.first_mode else {}
            self.builder.node(i, **mode)

    def _vertex(self, fields: list[str], number: int) -> None:
        key = self._number(fields[0], number)
        facts: dict[str, Any] = {}
        if len(fields) > 1:
            self.named = True
            facts["label"] = fields[1]
        for name, value in zip("xyz", fields[2:5]):
            try:
                facts[name] = float(value)
            except ValueError:
                break  # the shape of the vertex, and how it is drawn
        self.builder.node(key, number, **facts)

    def _number(self, field: str, number: int) -> int:
        if not field.isdigit() or not 1 <= int(field) <= self.n:
            raise self.text.error(f"{field[:40]!r} is no vertex among 1 to {self.n}", number)
        return int(field)

    def _link(self, fields: list[str], number: int) -> None:
        if len(fields) < 2:
            raise self.text.error("a link needs two vertices", number)
        u, v = (self._number(field.removeprefix("-"), number) for field in fields[:2])
        weight = fields[2] if len(fields) > 2 and is_number(fields[2]) else None
        self.builder.link(u, v, weight, self.part.startswith("arcs"), number)

    def _matrix_row(self, cells: list[str], number: int) -> None:
        self.row += 1
        columns = (
            range(self.first_mode + 1, self.n + 1) if self.first_mode else range(1, self.n + 1)
        )
        if len(cells) != len(columns):
            raise self.text.error(f"{len(cells)} entries where {len(columns)} are due", number)
        for column, cell in zip(columns, cells):
            if is_number(cell) and float(cell) != 0:
                self.builder.link(self.row, column, cell, not self.first_mode, number)

    def _value(self, line: str, number: int) -> None:
        self.row += 1
        if self.row > self.n or not is_number(line.split()[0]):
            raise self.text.error(f"{line[:40]!r} is no value of a vertex", number)
        value = float(line.split()[0])
        whole = value.is_integer() and self.column
        self.builder.node(self.row, number, **{self.column: int(value) if whole else value})

    def found(self) -> Found:
        if not self.n:
            raise self.text.error("Pajek needs *Vertices and their number")
        if not self.named:
            for i in range(1, self.n + 1):
                self.builder.node(i, label=str(i))
        if not self.seen:
            raise self.text.error("holds vertices and values, as a partition does, but no links")
        weights = [weight for weight in self.builder.weights if weight is not None]
        if weights and all(weight == 1 for weight in weights):
            self.builder.weights = [None] * len(self.builder.weights)
        found = self.builder.found("Pajek", bool({"arcs", "arcslist"} & self.seen))
        if len(self.relations) > 1:
            found.notes.append(f"relations taken together: {', '.join(self.relations)}")
        if "matrix" in self.seen:
            undirected_if_symmetric(found)
        return found
