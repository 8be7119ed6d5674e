"""UCINET's DL files: full matrices, edge lists, node lists, one mode or two, with labels."""

from __future__ import annotations

import re

from .builder import Builder
from .found import Found, Options
from .symmetric import undirected_if_symmetric
from .text import Text

_WORD = re.compile(r'"([^"]*)"|([^\s,]+)')
_FORMATS = (
    "fullmatrix",
    "edgelist1",
    "edgelist2",
    "nodelist1",
    "nodelist2",
    "lowerhalf",
    "upperhalf",
)


def read_dl(text: Text, options: Options) -> Found:
    """Read a DL file.

    Raises
    ------
    DataError
        If its format is none of those named above, or its numbers do not fit.
    """
    head, colon, body = _split(text.text)
    if not colon:
        raise text.error("a DL file needs the word data: before its numbers", 1)
    sizes = _sizes(text, head)
    said = re.search(r"format\s*=?\s*(\w+)", head, re.I)
    form = said[1].lower() if said else "fullmatrix"
    if form not in _FORMATS:
        raise text.error(f"DL format {form!r} is none of {', '.join(_FORMATS)}", 1)
    embedded = re.search(r"labels?\s+embedded", head, re.I) is not None
    return _Dl(text, form, sizes, _labels(head), embedded).read(body)


def _split(text: str) -> tuple[str, str, str]:
    match = re.search(r"\bdata\s*:", text, re.I)
    if match is None:
        return text, "", ""
    return text[: match.start()], ":", text[match.end() :]


def _sizes(text: Text, head: str) -> tuple[int, int, bool]:
    number = {
        key.lower(): int(value)
        for key, value in re.findall(r"\b(n|nr|nc|nm)\s*=\s*(\d+)", head, re.I)
    }
    if number.get("nm", 1) > 1:
        raise text.error(f"holds {number['nm']} matrices: keep one a file", 1)
    if "n" in number:
        rows = columns = number["n"]
    elif {"nr", "nc"} <= number.keys():
        rows, columns = number["nr"], number["nc"]
    else:
        raise text.error("DL needs n=, or nr= and nc=", 1)
    if rows + columns > max(10_000_000, 4 * len(text.text)):
        raise text.error(f"says {rows + columns:,} nodes, more than this file can hold", 1)
    return rows, columns, "n" not in number


def _labels(head: str) -> dict[str, list[str]]:
    """Return the words below ``labels:``, ``row labels:`` and ``column labels:``."""
    found = {}
    parts = re.split(r"\b((?:row|column|col)?\s*labels)\s*:", head, flags=re.I)
    for key, body in zip(parts[1::2], parts[2::2]):
        side = key.split()[0].lower()
        lines = re.split(r"\n", body.strip("\n"))
        text = " ".join(line for line in lines if not re.match(r"\s*(labels embedded|data)", line))
        words = [a or b for a, b in _WORD.findall(text)]
        found["all" if side == "labels" else "column" if side[:3] == "col" else "row"] = words
    return found


class _Dl:
    def __init__(
        self,
        text: Text,
        form: str,
        sizes: tuple[int, int, bool],
        labels: dict[str, list[str]],
        embedded: bool,
    ):
        self.text, self.form, self.embedded = text, form, embedded
        self.rows, self.columns, self.two_mode = sizes
        if form.endswith("list2"):
            self.two_mode = True
        self.labels = labels
        self.builder = Builder(text)
        self.start = text.text.count("\n", 0, text.text.lower().find("data")) + 1

    def read(self, body: str) -> Found:
        names = self.labels.get("all") or self.labels.get("row") or []
        self._declare(names, self.labels.get("column", []))
        if self.form in ("fullmatrix", "lowerhalf", "upperhalf"):
            self._matrix(body)
        else:
            self._list(body)
        if not self.two_mode and self.builder.facts and len(self.builder.facts) > self.rows:
            raise self.text.error(f"names more nodes than the {self.rows} it says")
        found = self.builder.found("UCINET DL", None if self.two_mode else True)
        if found.table.weights is not None and (found.table.weights == 1).all():
            found.table.weights = None
        if self.two_mode:
            found.table.directed = False
            # An id tells two nodes of one label apart.
            known = found.table.attributes
            found.table.attributes = {key: known[key] for key in known if key != "id"}
        else:
            undirected_if_symmetric(found)
        return found

    def _declare(self, names: list[str], other: list[str]) -> None:
        if self.embedded and not names:
            return
        plain = [str(i + 1) for i in range(self.rows)]
        self.row_names = names[: self.rows] if len(names) >= self.rows else plain
        for name in self.row_names:
            self._node("row", name)
        if self.two_mode:
            plain = [str(i + 1) for i in range(self.columns)]
            self.column_names = other if len(other) == self.columns else plain
            for name in self.column_names:
                self._node("column", name)
        else:
            self.column_names = self.row_names

    def _key(self, side: str, name: str) -> str:
        return f"{side} {name}" if self.two_mode else name

    def _node(self, side: str, name: str) -> str:
        facts = {"label": name, "mode": 1 if side == "row" else 2} if self.two_mode else {}
        self.builder.node(self._key(side, name), **facts)
        return self._key(side, name)

    def _matrix(self, body: str) -> None:
        lines = [[a or b for a, b in _WORD.findall(line)] for line in body.split("\n")]
        lines = [line for line in lines if line]
        if self.embedded:
            self.column_names = lines[0]
            self.row_names = [line[0] for line in lines[1:]]
            for name in self.row_names:
                self._node("row", name)
            for name in self.column_names:
                self._node("column", name)
            lines = [line[1:] for line in lines[1:]]
        cells = [cell for line in lines for cell in line]
        shape = self._shape(len(cells))
        for (i, j), cell in zip(shape, cells):
            if float(cell) != 0:
                ends = (
                    self._key("row", self.row_names[i]),
                    self._key("column", self.column_names[j]),
                )
                self.builder.link(*ends, cell)
                if self.form != "fullmatrix" and i != j:
                    self.builder.link(ends[1], ends[0], cell)

    def _shape(self, given: int) -> list[tuple[int, int]]:
        n, m = self.rows, self.columns
        places = {
            "fullmatrix": [(i, j) for i in range(n) for j in range(m)],
            "lowerhalf": [(i, j) for i in range(n) for j in range(i + 1)],
            "upperhalf": [(i, j) for i in range(n) for j in range(i, m)],
        }[self.form]
        if given == len(places) - n and not self.two_mode:
            places = [(i, j) for i, j in places if i != j]  # the diagonal is absent
        if given != len(places):
            raise self.text.error(f"{given} numbers where {len(places)} are due", self.start)
        return places

    def _list(self, body: str) -> None:
        for offset, line in enumerate(body.split("\n")):
            words = [a or b for a, b in _WORD.findall(line)]
            if not words:
                continue
            number = self.start + offset
            if len(words) < 2 and self.form.startswith("edge"):
                raise self.text.error(f"{line.strip()[:40]!r} does not name two nodes", number)
            first = self._end("row", words[0], number)
            if self.form.startswith("edge"):
                weight = words[2] if len(words) > 2 else None
                self.builder.link(first, self._end("column", words[1], number), weight, line=number)
            else:
                for word in words[1:]:
                    self.builder.link(first, self._end("column", word, number), line=number)

    def _end(self, side: str, word: str, number: int) -> str:
        key = self._key(side, word)
        if self.embedded:
            return self._node(side, word)
        if key in self.builder.place:
            return key
        names = self.row_names if side == "row" else self.column_names
        if not word.isdigit() or not 1 <= int(word) <= len(names):
            raise self.text.error(f"{word[:40]!r} is no node among 1 to {len(names)}", number)
        return self._key(side, names[int(word) - 1])
