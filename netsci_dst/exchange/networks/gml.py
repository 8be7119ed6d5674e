"""GML: nested lists of keys and values; any encoding, entities, unquoted labels."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from ...reading import is_number
from .builder import Builder
from .found import Found, Options
from .text import Text

_TOKEN = re.compile(
    r'"(?P<text>[^"]*)"|(?P<open>\[)|(?P<close>\])|(?P<comment>\#[^\n]*)|(?P<word>[^\s\[\]"]+)'
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_DEEPEST = 50
Items = list[tuple[str, Any, int]]


def is_gml(text: Text) -> bool:
    """Whether ``graph [`` begins the text, behind comments and who made it."""
    return re.match(r"[^\[\]{}<>]{0,2000}?\bgraph\s*\[", text.text, re.I) is not None


def read_gml(text: Text, options: Options) -> Found:
    """Read a GML graph.

    Raises
    ------
    DataError
        If brackets do not match, ids repeat, or a link ends at a node that is not there.
    """
    tokens = _tokens(text)
    graphs = [value for key, value, _ in _items(text, tokens, 0) if key == "graph"]
    if len(graphs) != 1 or not isinstance(graphs[0], list):
        raise text.error(f"holds {len(graphs)} graphs where one is due")
    builder = Builder(text, closed=True)
    directed = False
    for key, value, line in graphs[0]:
        if key == "directed":
            directed = str(value) == "1"
        elif key == "node":
            _node(text, builder, value, line)
    for key, value, line in graphs[0]:
        if key == "edge":
            builder.left |= _edge(text, builder, value, line)
    return builder.found("GML", directed, ("label", "name"))


def _node(text: Text, builder: Builder, items: Items, line: int) -> None:
    facts = _facts(text, items, line)
    if "id" not in facts:
        raise text.error("a node has no id", line)
    key = facts.pop("id")
    if key in builder.place:
        raise text.error(f"two nodes have the id {key!r}", line)
    if "label" in facts:
        facts["label"] = str(facts["label"])
    builder.node(key, line, **{k: v for k, v in facts.items() if k != "graphics"})


def _edge(text: Text, builder: Builder, items: Items, line: int) -> set[str]:
    facts = _facts(text, items, line)
    if not {"source", "target"} <= facts.keys():
        raise text.error("a link needs source and target", line)
    weight = facts.get("weight", facts.get("value"))
    used = {"source", "target", "graphics", "id", "key", "weight" if "weight" in facts else "value"}
    if "weight" not in facts and not is_number(weight):
        weight, used = None, used - {"value"}
    builder.link(facts["source"], facts["target"], weight, line=line)
    return set(facts) - used


def _facts(text: Text, items: Any, line: int) -> dict[str, Any]:
    if not isinstance(items, list):
        raise text.error("a node or a link is no list", line)
    facts: dict[str, Any] = {}
    for key, value, _ in items:
        if isinstance(value, list):
            if key == "graphics":
                facts |= {k: v for k, v, _ in value if k in ("x", "y", "z") and _is_number(v)}
            continue
        facts[key] = value
    return facts


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))


def _tokens(text: Text) -> Iterator[tuple[str, str, int]]:
    line, place = 1, 0
    for match in _TOKEN.finditer(text.text):
        line += text.text.count("\n", place, match.start())
        place = match.start()
        if match.lastgroup != "comment":
            yield str(match.lastgroup), match[str(match.lastgroup)], line


def _items(text: Text, tokens: Iterator[tuple[str, str, int]], depth: int) -> Items:
    if depth > _DEEPEST:
        raise text.error(f"lists are nested deeper than {_DEEPEST}")
    found: Items = []
    for kind, key, line in tokens:
        if kind == "close":
            if depth == 0:
                raise text.error("a bracket is closed that was not opened", line)
            return found
        if kind != "word":
            raise text.error(f"{key[:40]!r} stands where a key is due", line)
        value = next(tokens, None)
        if value is None:
            raise text.error(f"{key!r} has no value", line)
        if value[0] == "open":
            found.append((key.lower(), _items(text, tokens, depth + 1), line))
        elif value[0] == "close":
            raise text.error(f"{key!r} has no value", line)
        else:
            found.append((key.lower() if depth < 2 else key, _value(*value[:2]), line))
    if depth:
        raise text.error("a bracket is not closed")
    return found


def _value(kind: str, written: str) -> Any:
    if kind == "text":
        return html.unescape(written)
    if len(written) < 25 and re.fullmatch(r"[+-]?\d+", written):
        return int(written)
    return float(written) if _NUMBER.fullmatch(written) else written
