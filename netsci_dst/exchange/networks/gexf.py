"""GEXF 1.1 to 1.3, with or without www. in its namespace; nested nodes; kinds of links."""

from __future__ import annotations

from typing import Any

from .builder import Builder
from .found import Found, Options
from .text import Text
from .xml_tree import Element, parse

_WHOLE = ("integer", "long", "short", "byte", "biginteger")
_REAL = ("float", "double", "bigdecimal")


def read_gexf(text: Text, data: bytes, options: Options) -> Found:
    """Read GEXF; times of dynamic graphs are left out.

    Raises
    ------
    DataError
        If it is no GEXF, or a link ends at a node that is not declared.
    """
    root = parse(text, data)
    graphs = root.all("graph")
    if len(graphs) != 1:
        raise text.error(f"it holds {len(graphs) or 'no'} graph{'s' * (len(graphs) > 1)}")
    return _Gexf(text, graphs[0]).read()


class _Gexf:
    def __init__(self, text: Text, graph: Element):
        self.text, self.graph = text, graph
        self.builder = Builder(text, closed=True)
        self.columns = {"node": self._columns("node"), "edge": self._columns("edge")}

    def _columns(self, domain: str) -> dict[str, Element]:
        return {
            column.attributes.get("id", ""): column
            for block in self.graph.all("attributes")
            if block.attributes.get("class") == domain
            for column in block.all("attribute")
        }

    def read(self) -> Found:
        directed = self.graph.attributes.get("defaultedgetype", "undirected") == "directed"
        for node in self.graph.every("node"):
            self._node(node)
        for edge in self.graph.every("edge"):
            self._edge(edge, directed)
        if self.graph.attributes.get("mode") == "dynamic":
            self.builder.notes.append("times left out")
        return self.builder.found("GEXF", directed)

    def _node(self, node: Element) -> None:
        key = node.attributes.get("id")
        if key is None:
            raise self.text.error("a node has no id", node.line)
        if key in self.builder.place:
            raise self.text.error(f"two nodes have the id {key!r}", node.line)
        facts = self._values(node, "node")
        if node.attributes.get("label"):
            facts["label"] = node.attributes["label"]
        position = node.first("position")
        if position is not None:
            facts |= {k: float(v) for k, v in position.attributes.items() if k in ("x", "y", "z")}
        self.builder.node(key, node.line, **facts)

    def _edge(self, edge: Element, directed: bool) -> None:
        ends = edge.attributes.get("source"), edge.attributes.get("target")
        if None in ends:
            raise self.text.error("a link needs source and target", edge.line)
        kind = edge.attributes.get("type")
        own = directed if kind is None else kind == "directed"
        facts = self._values(edge, "edge")
        weight = edge.attributes.get("weight", facts.get("weight"))
        self.builder.left |= set(facts) - {"weight", "layer"}
        self.builder.link(*ends, weight, own, edge.line, facts.get("layer"))
        if kind == "mutual" and directed:
            self.builder.link(ends[1], ends[0], weight, True, edge.line, facts.get("layer"))
            self.builder.directions[-2] = True

    def _values(self, element: Element, domain: str) -> dict[str, Any]:
        columns = self.columns[domain]
        facts = {
            _title(column): self._typed(default.text.strip(), column, default.line)
            for column in columns.values()
            if (default := column.first("default")) is not None
        }
        block = element.first("attvalues")
        for value in block.all("attvalue") if block is not None else ():
            key = value.attributes.get("for", value.attributes.get("id", ""))
            column = columns.get(key)
            written = value.attributes.get("value", "")
            facts[_title(column) if column else key] = self._typed(written, column, value.line)
        return {key: value for key, value in facts.items() if key and value is not None}

    def _typed(self, written: str, column: Element | None, line: int) -> Any:
        kind = (column.attributes.get("type", "string") if column else "string").lower()
        try:
            if kind in _WHOLE:
                return int(written) if written.strip() else None
            if kind in _REAL:
                return float(written) if written.strip() else None
        except ValueError:
            raise self.text.error(f"{written[:40]!r} is no {kind}", line) from None
        return written.strip().lower() == "true" if kind == "boolean" else written


def _title(column: Element) -> str:
    return column.attributes.get("title", column.attributes.get("id", ""))
