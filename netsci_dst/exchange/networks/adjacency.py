"""Adjacency lists: each line a node and its neighbours; METIS; networkx's lists with data."""

from __future__ import annotations

import ast
import re
from typing import Any

from .builder import Builder
from .found import Found, Options
from .separators import SPACES, fields_of, spelt
from .text import Text, data_lines, first_lines

_WEIGHTED = re.compile(r".+:-?\d+\.?\d*(?:[eE][-+]?\d+)?")
_DATA = re.compile(r"^(.*?)\s*(\{.*\})\s*$")


def read_adjacency(text: Text, options: Options) -> Found:
    """Read an adjacency list: ``node neighbour neighbour …``, also with a colon after the node."""
    builder = Builder(text)
    separator = spelt(options.separator) if options.separator else separator_of(text, options)
    rows = adjacency_rows(text, options, separator)
    if options.form is None:
        _refuse_count(text, rows)
    weighted = all(_WEIGHTED.fullmatch(other) for _, fields in rows for other in fields[1:])
    for number, fields in rows:
        builder.node(fields[0], number)
        for other in fields[1:]:
            end, _, weight = other.rpartition(":") if weighted else (other, "", None)
            builder.link(fields[0], end, weight, line=number)
    directed = None if _lists_back(builder) else options.directed
    return _sorted(builder.found("adjacency list", directed))


def _refuse_count(text: Text, rows: list[tuple[int, list[str]]]) -> None:
    """Refuse a first line that counts the nodes of the links below it."""
    (number, first), below = rows[0], rows[1:]
    if len(first) != 1 or not first[0].isdigit() or any(len(row) != 2 for _, row in below):
        return
    if int(first[0]) in (len(below), len({end for _, row in below for end in row})):
        raise text.error(
            f"{first[0]!r} may be the number of nodes or links below it: remove the line, or write "
            "--form adjacency if it is a node without neighbours",
            number,
        )


def adjacency_rows(text: Text, options: Options, separator: str) -> list[tuple[int, list[str]]]:
    """Return each line's number and its fields, without empty ones and a colon after the first."""
    rows = []
    for number, line in data_lines(text, options.comments):
        line = re.sub(r"^(\s*[^\s:,;]+)\s*:(\s|$)", r"\1 ", line) if separator == SPACES else line
        fields = [field for field in fields_of(line, separator) if field]
        if fields:
            rows.append((number, fields))
    return rows


def separator_of(text: Text, options: Options) -> str:
    """Return the separator of ragged lines: the first of tab, semicolon, comma that occurs."""
    lines = [line for _, line in first_lines(text, 200, options.comments)]
    return next((s for s in "\t;," if any(s in line for line in lines)), SPACES)


def _lists_back(builder: Builder) -> bool:
    pairs = set(builder.ends)
    return all((v, u) in pairs for u, v in pairs)


def _sorted(found: Found) -> Found:
    """Number the nodes by their names, as in an edge list."""
    import numpy as np

    from .numbering import number_nodes

    table = found.table
    names = table.names if table.names is not None else [str(i) for i in range(table.n)]
    ordered, codes = number_nodes(list(names))
    table.sources, table.targets = codes[table.sources], codes[table.targets]
    place = np.argsort(codes)
    table.names = ordered
    table.attributes = {key: values[place] for key, values in table.attributes.items()}
    return found


def is_adjacency(text: Text, options: Options) -> bool:
    """Whether lines of different lengths begin with different nodes, one line for each node."""
    separator = separator_of(text, options)
    sample = first_lines(text, 500, options.comments)
    if len({len(fields_of(line, separator)) for _, line in sample}) < 2:
        return False
    rows = adjacency_rows(text, options, separator)
    widths = {len(fields) for _, fields in rows}
    first = [fields[0] for _, fields in rows]
    if len(widths) < 2 or len(set(first)) < len(first):
        return False
    nodes = {field for _, fields in rows for field in fields}
    return len(nodes) == len(first) or all(
        line.partition(":")[1] for _, line in first_lines(text, 50, options.comments)
    )


def is_with_data(text: Text, options: Options) -> bool:
    """Whether every line ends with a dictionary, as networkx writes."""
    lines = first_lines(text, 50, options.comments)
    return bool(lines) and all(_DATA.match(line) for _, line in lines)


def read_with_data(text: Text, options: Options) -> Found:
    """Read networkx's edge list with a dictionary of attributes behind each link."""
    builder = Builder(text)
    for number, line in data_lines(text, options.comments):
        match = _DATA.match(line)
        separator = _ends_separator(match[1]) if match else SPACES
        fields = [f for f in fields_of(match[1], separator) if f] if match else []
        if match is None or len(fields) != 2:
            raise text.error(f"{line.strip()[:40]!r} is not two nodes and their data", number)
        data = _dictionary(text, match[2], number)
        builder.link(*fields, data.get("weight"), line=number)  # type: ignore[call-arg]
        builder.left |= set(map(str, data)) - {"weight"}
    return _sorted(builder.found("edge list with data", None))


def _ends_separator(written: str) -> str:
    if "\t" in written:
        return "\t"
    return "," if "," in written and len(written.split()) < 2 else SPACES


def _dictionary(text: Text, written: str, number: int) -> dict[Any, Any]:
    try:
        data = ast.literal_eval(written)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        data = None
    if not isinstance(data, dict):
        raise text.error(f"{written[:40]!r} is no dictionary of attributes", number)
    return data


def is_multiline(text: Text, options: Options) -> bool:
    """Whether the lines are those of networkx's multiline adjacency list."""
    lines = [line for _, line in first_lines(text, 200, options.comments)]
    if not lines or not re.fullmatch(r"\s*\S+ \d+\s*", lines[0]):
        return False
    return any(_DATA.match(line) for line in lines) and not is_with_data(text, options)


def read_multiline(text: Text, options: Options) -> Found:
    """Read networkx's multiline adjacency list: a node, how many neighbours, then these."""
    builder, left, node = Builder(text), 0, ""
    for number, line in data_lines(text, options.comments):
        if left == 0:
            node, times = line.split()
            left = int(times)
            builder.node(node, number)
            continue
        match = _DATA.match(line)
        if match is None:
            raise text.error(f"{line.strip()[:40]!r} is not a neighbour and its data", number)
        data = _dictionary(text, match[2], number)
        builder.link(node, match[1].strip(), data.get("weight"), line=number)
        builder.left |= set(map(str, data)) - {"weight"}
        left -= 1
    if left:
        raise text.error(f"{left} neighbours of {node!r} are missing")
    return _sorted(builder.found("multiline adjacency list", None))


def is_metis(text: Text, options: Options) -> bool:
    """Whether the first line counts the nodes (lines) and links (half the neighbours)."""
    head = first_lines(text, 1, "%")
    fields = head[0][1].split() if head else []
    if not fields or not fields[0].isdigit() or int(fields[0]) > text.text.count("\n") + 1:
        return False
    if text.text.count("\n") > int(fields[0]) + 10_000:
        return False
    rows = [line.split() for line in _metis_lines(text)]
    if not rows or not 2 <= len(rows[0]) <= 4 or not all(f.isdigit() for f in rows[0]):
        return False
    if len(rows) != int(rows[0][0]) + 1 or not all(f.isdigit() for row in rows for f in row):
        return False
    skip, step = _metis_columns(rows[0])
    listed = sum(max(len(row) - skip, 0) for row in rows[1:])
    ends = {int(field) for row in rows[1:] for field in row[skip::step]}
    if not ends or min(ends) < 1 or max(ends) > int(rows[0][0]):
        return False
    return listed == 2 * int(rows[0][1]) * step and listed > 0


def _metis_columns(head: list[str]) -> tuple[int, int]:
    """Return how many numbers stand before the neighbours, and how many each neighbour takes."""
    code = head[2].zfill(3) if len(head) > 2 else "000"
    weights = int(head[3]) if len(head) > 3 else 1
    return (code[-3] == "1") + weights * (code[-2] == "1"), 2 if code[-1] == "1" else 1


def _metis_lines(text: Text) -> list[str]:
    lines = [line for line in text.text.split("\n") if not line.lstrip().startswith("%")]
    while lines and not lines[-1].strip():
        lines.pop()
    while lines and not lines[0].strip():
        lines.pop(0)
    return lines


def read_metis(text: Text, options: Options) -> Found:
    """Read METIS: line i lists the neighbours of node i, numbered from 1; links once each way."""
    lines = _metis_lines(text)
    head = lines[0].split() if lines else []
    if not 2 <= len(head) <= 4 or not all(field.isdigit() for field in head):
        raise text.error("METIS begins with the numbers of nodes and links", 1)
    n, m = int(head[0]), int(head[1])
    lines += [""] * (n + 1 - len(lines) if n + 1 - len(lines) <= 1_000 else 0)
    if len(lines) != n + 1:
        raise text.error(f"METIS says {n} nodes, but {len(lines) - 1} lines follow")
    builder = Builder(text, closed=True)
    for i in range(n):
        builder.node(i)
    skip, step = _metis_columns(head)
    for i, line in enumerate(lines[1:]):
        fields = [int(field) for field in line.split()][skip:]
        for j in range(0, len(fields) - step + 1, step):
            if not 1 <= fields[j] <= n:
                raise text.error(f"node {fields[j]} is not among 1 to {n}", i + 2)
            builder.link(i, fields[j] - 1, fields[j + 1] if step == 2 else None)
    if len(builder.ends) != 2 * m:
        raise text.error(f"METIS says {m} links, but {len(builder.ends)} neighbours are listed")
    found = builder.found("METIS", False)
    found.table.names = [str(i + 1) for i in range(n)]
    return found
