"""Small forms of one line per link: DIMACS, SIF, trivial graph format, LGL, GDF."""

from __future__ import annotations

import csv

from .builder import Builder
from .found import Found, Options, count
from .header import roles_by_words
from .text import Text, data_lines, first_lines

_DIRECTED = {"sp", "max", "min", "asn"}


def is_dimacs(text: Text, options: Options) -> bool:
    """Whether a ``p`` line is the first that is no comment."""
    for _, line in first_lines(text, 1_000, ""):
        fields = line.split()
        if fields[0] == "p":
            return len(fields) >= 4 and fields[2].isdigit() and fields[3].isdigit()
        if fields[0] != "c" and not fields[0].startswith(("#", "%")):
            return False
    return False


def read_dimacs(text: Text, options: Options) -> Found:
    """Read DIMACS: ``p edge n m`` and ``e u v``, or ``p sp n m`` and ``a u v weight``."""
    builder, kind, listed = Builder(text, closed=True), "", 0
    for number, line in data_lines(text, "#%"):
        fields = line.split()
        if fields[0] == "p" and len(fields) >= 4 and fields[2].isdigit() and fields[3].isdigit():
            kind, n, listed = fields[1], int(fields[2]), int(fields[3])
            _few_nodes(text, n, number)
            for i in range(1, n + 1):
                builder.node(i)
        elif fields[0] in ("e", "a") or (fields[0].isdigit() and kind in ("td", "tw", "ds", "vc")):
            ends = fields[1:] if fields[0] in ("e", "a") else fields
            if len(ends) < 2 or not all(end.isdigit() for end in ends[:2]):
                raise text.error(f"{line.strip()[:40]!r} does not name two nodes", number)
            # The third number of a flow problem is a capacity; its weight, too.
            weight = ends[2] if len(ends) > 2 else None
            builder.link(int(ends[0]), int(ends[1]), weight, line=number)
        elif fields[0] not in ("c", "n", "d", "v", "x", "s", "t"):
            raise text.error(f"{line.strip()[:40]!r} is no line of DIMACS", number)
    if listed not in (len(builder.ends), 2 * len(builder.ends), len(builder.ends) / 2):
        raise text.error(f"says {listed} links, but {len(builder.ends)} are listed")
    return builder.found("DIMACS", kind in _DIRECTED, ())


def _few_nodes(text: Text, n: int, line: int) -> None:
    if n > max(10_000_000, 4 * len(text.text)):
        raise text.error(f"says {n:,} nodes, more than a file of its size can hold links of", line)


def read_sif(text: Text, options: Options) -> Found:
    """Read SIF: ``node relation node node …``; a line of one node is an isolated node."""
    builder, kinds = Builder(text), set()
    separator = "\t" if "\t" in text.text else None
    for number, line in data_lines(text, options.comments):
        fields = [field.strip() for field in line.strip("\n").split(separator)]
        fields = [field for field in fields if field]
        if len(fields) == 2:
            raise text.error(f"{line.strip()[:40]!r} names a relation but no second node", number)
        builder.node(fields[0], number)
        for other in fields[2:]:
            kinds.add(fields[1])
            builder.link(fields[0], other, line=number)
    if kinds:
        shown = ", ".join(sorted(kinds)[:5]) + (", …" if len(kinds) > 5 else "")
        builder.notes.append(f"{count(len(kinds), 'kind')} of links left out ({shown})")
    return builder.found("SIF", None)


def is_trivial(text: Text, options: Options) -> bool:
    """Whether a line of ``#`` alone stands between nodes and links."""
    return text.ending == ".tgf" or "\n#\n" in text.text[:1_000_000]


def read_trivial(text: Text, options: Options) -> Found:
    """Read the trivial graph format: ``node label`` lines, ``#``, ``node node label`` lines."""
    builder, nodes = Builder(text, closed=True), True
    for number, line in data_lines(text, ""):
        fields = line.strip().split(None, 1 if nodes else 2)
        if fields == ["#"]:
            nodes = False
        elif nodes:
            facts = {"label": fields[1]} if len(fields) > 1 else {}
            builder.node(fields[0], number, **facts)
        elif len(fields) < 2:
            raise text.error(f"{line.strip()[:40]!r} does not name two nodes", number)
        else:
            builder.link(fields[0], fields[1], _weight(fields[2:]), line=number)
    return builder.found("trivial graph format", True)


def _weight(fields: list[str]) -> float | None:
    try:
        return float(fields[0]) if fields else None
    except ValueError:
        return None


def read_lgl(text: Text, options: Options) -> Found:
    """Read LGL: ``# node`` begins the list of its neighbours, one a line, with weights."""
    builder, node = Builder(text), None
    for number, line in data_lines(text, ""):
        fields = line.split()
        if fields[0] == "#" and len(fields) == 2:
            node = fields[1]
            builder.node(node, number)
        elif node is None or len(fields) > 2:
            raise text.error(f"{line.strip()[:40]!r} is no line of LGL", number)
        else:
            builder.link(node, fields[0], fields[1] if len(fields) > 1 else None, line=number)
    return builder.found("LGL", False)


def read_gdf(text: Text, options: Options) -> Found:
    """Read GDF: ``nodedef>`` and ``edgedef>`` name the columns of the rows below them."""
    builder, part, columns = Builder(text), "", list[str]()
    mixed = False
    for number, line in data_lines(text, ""):
        row = next(csv.reader([line], skipinitialspace=True, quotechar="'" if "'" in line else '"'))
        low = line.strip().lower()
        if low.startswith(("nodedef>", "edgedef>")):
            part = low[:4]
            row[0] = row[0].split(">", 1)[1]
            columns = [cell.strip().split(" ")[0].lower() for cell in row]
        elif part == "node":
            facts = {k: v for k, v in zip(columns[1:], row[1:]) if k and v != ""}
            builder.node(row[0], number, **{key: _typed(value) for key, value in facts.items()})
        elif part == "edge":
            facts = dict(zip(columns, row))
            ends = roles_by_words(columns)
            u, v = (0, 1) if ends is None else (ends.source, ends.target)
            directed = {"true": True, "false": False}.get(facts.get("directed", "").lower())
            mixed |= directed is not None
            if len(row) < 2:
                raise text.error(f"{line.strip()[:40]!r} does not name two nodes", number)
            used = {columns[u], columns[v], "weight", "directed"}
            builder.left |= {key for key, value in facts.items() if value != ""} - used
            builder.link(row[u], row[v], facts.get("weight"), directed, number)
        else:
            raise text.error("GDF begins with nodedef>", number)
    return builder.found("GDF", False if mixed else None)


def read_leda(text: Text, options: Options) -> Found:
    """Read LEDA's native form: types, nodes as ``|{…}|``, links with the numbers of nodes."""
    lines = list(data_lines(text, "#"))
    place = 3
    directed = True
    if len(lines) > 3 and lines[3][1].strip() in ("-1", "-2"):
        directed, place = lines[3][1].strip() == "-1", 4
    builder = Builder(text, closed=True)
    n, place = _leda_count(text, lines, place)
    for i, (number, line) in enumerate(lines[place : place + n], start=1):
        label = line.strip().removeprefix("|{").removesuffix("}|")
        builder.node(i, number, **({"label": label} if label else {}))
    m, place = _leda_count(text, lines, place + n)
    for number, line in lines[place : place + m]:
        fields = line.split(None, 3)
        if len(fields) < 3 or not all(field.isdigit() for field in fields[:2]):
            raise text.error(f"{line.strip()[:40]!r} does not name two nodes", number)
        label = fields[3].removeprefix("|{").removesuffix("}|") if len(fields) > 3 else ""
        builder.link(int(fields[0]), int(fields[1]), _weight([label]), line=number)
    if len(builder.facts) != n or len(builder.ends) != m:
        raise text.error(f"says {n} nodes and {m} links, but ends before")
    return builder.found("LEDA", directed)


def _leda_count(text: Text, lines: list[tuple[int, str]], place: int) -> tuple[int, int]:
    if place >= len(lines) or not lines[place][1].strip().isdigit():
        raise text.error("LEDA's number of nodes or links is missing")
    return int(lines[place][1]), place + 1


def _typed(value: str) -> float | int | str:
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
