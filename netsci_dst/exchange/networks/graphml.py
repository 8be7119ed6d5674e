"""GraphML: typed attributes, nested graphs, yEd's labels."""

from __future__ import annotations

from typing import Any

from .builder import Builder
from .found import Found, Options
from .text import Text
from .xml_tree import Element, parse

_TYPES = ("boolean", "int", "long", "float", "double")
_OF_LINKS = {"weight", "layer"}


def read_graphml(text: Text, data: bytes, options: Options) -> Found:
    """Read GraphML; nodes and links of nested graphs belong to the one network.

    Raises
    ------
    DataError
        If it is no GraphML, holds several graphs or hyperedges, or a link ends at a node that is
        not declared.
    """
    root = parse(text, data)
    graphs = root.all("graph")
    if len(graphs) != 1:
        what = "it holds no graph" if not graphs else f"it holds {len(graphs)} graphs: keep one"
        raise text.error(what)
    reader = _GraphML(text, root, graphs[0])
    reader.read(graphs[0])
    return reader.found()


class _GraphML:
    def __init__(self, text: Text, root: Element, graph: Element):
        self.text = text
        self.keys = {key.attributes.get("id", ""): key for key in root.all("key")}
        self.builder = Builder(text, closed=True)
        self.directed = graph.attributes.get("edgedefault", "directed") != "undirected"
        self.defaults = {
            domain: {
                key: value
                for name, key_element in self.keys.items()
                if key_element.attributes.get("for", domain) in (domain, "all")
                for key, value in [self._default(name, key_element)]
                if value is not None
            }
            for domain in ("node", "edge")
        }

    def read(self, graph: Element) -> None:
        for node in graph.every("node"):
            self._node(node)
        for edge in graph.every("edge"):
            self._edge(edge)
        if graph.every("hyperedge"):
            line = graph.every("hyperedge")[0].line
            raise self.text.error("a hyperedge joins more than two nodes", line)

    def _node(self, node: Element) -> None:
        key = node.attributes.get("id")
        if key is None:
            raise self.text.error("a node has no id", node.line)
        if key in self.builder.place:
            raise self.text.error(f"two nodes have the id {key!r}", node.line)
        self.builder.node(key, node.line, **(self.defaults["node"] | self._data(node)))

    def _edge(self, edge: Element) -> None:
        ends = edge.attributes.get("source"), edge.attributes.get("target")
        if None in ends:
            raise self.text.error("a link needs source and target", edge.line)
        said = edge.attributes.get("directed")
        directed = self.directed if said is None else said.lower() in ("true", "1")
        facts = self.defaults["edge"] | self._data(edge)
        self.builder.left |= set(facts) - _OF_LINKS - {"label"}
        self.builder.link(*ends, facts.get("weight"), directed, edge.line, facts.get("layer"))

    def _data(self, element: Element) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        for data in element.all("data"):
            key = self.keys.get(data.attributes.get("key", ""))
            name = data.attributes.get("key", "") if key is None else _name(key)
            if data.children:
                label = _drawn_label(data)
                if label:
                    facts.setdefault("label", label)
                facts |= _place(data)
                continue
            kind = "string" if key is None else key.attributes.get("attr.type", "string")
            value = self._typed(data.text, kind, data.line)
            if name and value is not None:
                facts[name] = value
        return facts

    def _default(self, name: str, key: Element) -> tuple[str, Any]:
        default = key.first("default")
        kind = key.attributes.get("attr.type", "string")
        if default is None or default.children:
            return name, None
        return _name(key), self._typed(default.text, kind, default.line)

    def _typed(self, written: str, kind: str, line: int) -> Any:
        if kind not in _TYPES:
            return written
        stripped = written.strip()
        if stripped == "":
            return None
        if kind == "boolean":
            return stripped.lower() in ("true", "1")
        try:
            return int(stripped) if kind in ("int", "long") else float(stripped)
        except ValueError:
            raise self.text.error(f"{stripped[:40]!r} is no {kind}", line) from None

    def found(self) -> Found:
        return self.builder.found("GraphML", self.directed, ("name", "label"))


def _name(key: Element) -> str:
    return key.attributes.get("attr.name", key.attributes.get("id", ""))


def _drawn_label(data: Element) -> str | None:
    """Return the text of yEd's label of a node or a group."""
    labels = [*data.every("nodelabel"), *data.every("edgelabel")]
    texts = [label.text.strip() for label in labels if label.text.strip()]
    return texts[0] if texts else None


def _place(data: Element) -> dict[str, float]:
    for shape in data.every("geometry"):
        try:
            return {axis: float(shape.attributes[axis]) for axis in ("x", "y")}
        except (KeyError, ValueError):
            return {}
    return {}
