"""Networks in JSON: node-link, adjacency, JGF, Cytoscape, graphology, pairs, records."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

from ...reading import is_number
from .builder import Builder
from .found import Found, Options
from .text import Text

_NODES = ("nodes", "vertices")
_LINKS = ("links", "edges", "relationships")
_ENDS = (
    ("source", "target"), ("from", "to"), ("src", "dst"), ("start", "end"), ("u", "v"),
    ("startNode", "endNode"), ("sourceID", "targetID"), ("source_id", "target_id"),
    ("sourceId", "targetId"), ("_from", "_to"), ("tail", "head"), ("_outV", "_inV"),
    ("outV", "inV"),
)  # fmt: skip
_OF_LINKS = {
    "id", "key", "directed", "undirected", "attributes", "metadata", "weight", "value", "label",
    "selected", "SUID", "shared_name", "shared_interaction", "index", "arrows", "_id", "_type",
    "_label",
}  # fmt: skip
_KEYS = ("id", "_id", "key", "name", "label")


def read_json(text: Text, options: Options) -> Found:
    """Read a network from JSON.

    Raises
    ------
    DataError
        If it is no JSON, or none of the known forms.
    """
    try:
        data = _literal(text.text) or _loaded(text.text)
    except json.JSONDecodeError as error:
        raise text.error(f"is no JSON: {error.msg}", error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise text.error(f"is no JSON that can be read: {error}") from error
    builder = Builder(text)
    if isinstance(data, list) and _is_matrix(data):
        return _matrix(text, data, options)
    if isinstance(data, list) and any(map(_is_aspect, data)):
        data = _of_aspects(data)
    if isinstance(data, list) and _holds_elements(data):
        data = {"elements": data}
    if isinstance(data, list):
        _records(builder, data)
        return builder.found("JSON list of links", None)
    if isinstance(data, dict) and isinstance(data.get("graphs"), list):
        if len(data["graphs"]) != 1:
            raise text.error(f"holds {len(data['graphs'])} graphs: keep one")
        data = data["graphs"][0]
    if isinstance(data, dict) and isinstance(data.get("graph"), dict):
        inner = data["graph"]
        if any(key in inner for key in (*_NODES, *_LINKS)):
            data = inner
    if isinstance(data, dict) and isinstance(data.get("elements"), (dict, list)):
        _cytoscape(builder, data["elements"])
        said = data.get("directed")  # networkx says so, Cytoscape does not
        said = said if isinstance(said, bool) else None
        return builder.found("Cytoscape JSON", said, ("name", "label"))
    return _graph(builder, data)


_LONGEST_LITERAL = 2_000_000


def _literal(text: str) -> Any:
    """Return a list or a dictionary as Python writes it, with tuples or single quotes."""
    if len(text) > _LONGEST_LITERAL or not re.match(r"\s*[\[{]\s*['(\d]", text):
        return None
    if "(" not in text[:1_000] and "'" not in text[:1_000]:
        return None
    try:
        found = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None
    return list(found) if isinstance(found, (set, tuple)) else found


def _is_matrix(data: list[Any]) -> bool:
    """Whether rows of numbers are as long as there are rows: 3 alone may be weighted links."""
    n = len(data)
    if n < 3 or not all(isinstance(row, list) and len(row) == n for row in data):
        return False
    if not all(_number(cell) for row in data for cell in row):
        return False
    symmetric = all(data[i][j] == data[j][i] for i in range(n) for j in range(i))
    return n > 3 or (symmetric and not any(data[i][i] for i in range(n)))


def _matrix(text: Text, data: list[Any], options: Options) -> Found:
    import numpy as np

    from .matrices import of_matrix

    return of_matrix(np.array(data, dtype=float), text.origin, "JSON matrix", options)


def _holds_elements(data: list[Any]) -> bool:
    """Whether a list holds nodes and links as Cytoscape.js takes them."""
    items = [item.get("data") if isinstance(item, dict) else None for item in data]
    return bool(items) and all(isinstance(item, dict) for item in items)


def _is_aspect(item: Any) -> bool:
    """Whether an item is the links of CX, NDEx's exchange form."""
    links = item.get("edges") if isinstance(item, dict) else None
    first = links[0] if isinstance(links, list) and links else None
    return isinstance(first, dict) and {"s", "t"} <= set(first)


def _of_aspects(data: list[Any]) -> dict[str, Any]:
    """Return CX as nodes and links: short keys, in aspects that may come in parts."""
    found: dict[str, list[Any]] = {"nodes": [], "edges": []}
    words = {"@id": "id", "n": "name", "s": "source", "t": "target", "i": "interaction"}
    for item in data:
        for aspect in found:
            part = item.get(aspect) if isinstance(item, dict) else None
            for entry in part if isinstance(part, list) else ():
                facts = entry if isinstance(entry, dict) else {}
                values = facts.pop("v", None)
                facts |= values if isinstance(values, dict) else {}
                found[aspect].append({words.get(key, key): facts[key] for key in facts})
    return found


def _loaded(text: str) -> Any:
    """Return a document, or a list of them where each line is one."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def _graph(builder: Builder, data: Any) -> Found:
    text = builder.text
    if not isinstance(data, dict):
        raise text.error(f"holds a {type(data).__name__}, not a network")
    if isinstance(data.get("adjacency"), list) and isinstance(data.get("nodes"), list):
        _adjacency(builder, data)
        return builder.found("JSON adjacency", bool(data.get("directed")), _KEYS[2:])
    links = next((data[key] for key in _LINKS if isinstance(data.get(key), list)), None)
    nodes = next((data[key] for key in _NODES if isinstance(data.get(key), (list, dict))), None)
    if links is None:
        if nodes is None and data and all(isinstance(v, (list, dict)) for v in data.values()):
            return _neighbours(builder, data)
        shown = ", ".join(map(repr, list(data)[:5])) or "nothing"
        raise text.error(f"is no network: it has neither nodes nor links, but {shown}")
    keys = _nodes(builder, nodes)
    builder.closed = nodes is not None
    if _says_ids(builder, links):
        keys = []  # numbers are ids then, not places
    for place, link in enumerate(links):
        _link(builder, link, keys, f"link {place + 1}")
    said = data.get("directed")
    if said is None and links and all(map(_points, links)):
        said = True
    if said is None and isinstance(data.get("options"), dict):
        said = {"directed": True, "undirected": False}.get(data["options"].get("type"))
    return builder.found("JSON node-link", said if isinstance(said, bool) else None, _KEYS[2:])


def _points(link: Any) -> bool:
    """Whether vis.js draws a link with an arrow at its target alone."""
    return isinstance(link, dict) and link.get("arrows") == "to"


def _nodes(builder: Builder, nodes: Any) -> list[Any]:
    keys = []
    items = nodes.items() if isinstance(nodes, dict) else enumerate(nodes or ())
    for place, node in items:
        facts = dict(node) if isinstance(node, dict) else {}
        if not isinstance(node, dict) and not isinstance(nodes, dict):
            key = node
        else:
            named = next((k for k in _KEYS if k in facts), None)
            if isinstance(nodes, dict):
                key = place
            else:
                key = place if named is None else facts[named]
                if named in ("id", "_id", "key"):
                    facts.pop(named)
        facts |= facts.pop("attributes", None) or {}
        facts |= facts.pop("metadata", None) or {}
        if isinstance(key, (dict, list)) or key in builder.place:
            raise builder.text.error(
                f"node {len(keys) + 1} has no id of its own: {str(key)[:40]!r}"
            )
        builder.place[key] = len(builder.facts)
        builder.facts.append({str(k): v for k, v in facts.items()})
        keys.append(key)
    return keys


def _link(builder: Builder, link: Any, keys: list[Any], where: str) -> None:
    if isinstance(link, (list, tuple)) and len(link) >= 2:
        ends, facts = list(link[:2]), {"weight": link[2]} if len(link) > 2 else {}
        facts = facts if not isinstance(facts.get("weight"), dict) else facts["weight"]
    elif isinstance(link, dict):
        facts = link.get("attributes") or link.get("metadata") or {}
        facts = {**link, **(facts if isinstance(facts, dict) else {})}
        pair = next((pair for pair in _ENDS if pair[0] in link and pair[1] in link), None)
        if pair is None:
            raise builder.text.error(f"{where} names no source and target")
        ends = [link[pair[0]], link[pair[1]]]
    else:
        raise builder.text.error(f"{where} is no link")
    ends = [_end(end, keys, builder) for end in ends]
    weight = facts.get("weight")
    if weight is None and is_number(facts.get("value")):
        weight = facts["value"]
    ends_of = {key for pair in _ENDS for key in pair}
    builder.left |= {str(key) for key in facts} - ends_of - _OF_LINKS
    directed = facts.get("directed", facts.get("undirected"))
    directed = None if not isinstance(directed, bool) else directed == ("directed" in facts)
    try:
        builder.link(*ends, weight, directed)  # type: ignore[call-arg]
    except TypeError:
        raise builder.text.error(f"{where} ends at {str(ends)[:60]}, which is no node") from None


def _end(end: Any, keys: list[Any], builder: Builder) -> Any:
    if isinstance(end, dict):
        end = next((end[key] for key in _KEYS if key in end), None)
    known = not isinstance(end, (dict, list)) and end in builder.place
    # D3 counts the nodes where they have names only.
    if not known and type(end) is int and 0 <= end < len(keys):
        return keys[end]
    return str(end) if not known and str(end) in builder.place else end


def _says_ids(builder: Builder, links: list[Any]) -> bool:
    """Whether the numbers that links end at are all ids of nodes, which are written as text."""
    ends = [
        end
        for link in links
        for end in (link.values() if isinstance(link, dict) else ())
        if type(end) is int and end not in builder.place
    ]
    return bool(ends) and all(str(end) in builder.place for end in ends)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _adjacency(builder: Builder, data: Mapping[str, Any]) -> None:
    """Read networkx's adjacency data: a list of neighbours for each node."""
    keys = _nodes(builder, data["nodes"])
    seen: set[tuple[Any, ...]] = set()
    for key, neighbours in zip(keys, data["adjacency"]):
        for other in neighbours:
            end = other["id"]
            pair = (end, key, other.get("key"))
            if not data.get("directed") and pair in seen and end != key:
                continue  # each undirected link is listed with both of its ends
            seen.add((key, end, other.get("key")))
            builder.link(key, end, other.get("weight"))


def _cytoscape(builder: Builder, elements: Any) -> None:
    if isinstance(elements, dict):
        listed = [*elements.get("nodes", ()), *elements.get("edges", ())]
    else:
        listed = elements
    items = [item.get("data", {}) if isinstance(item, dict) else {} for item in listed]
    for data in items:
        if "source" not in data and "id" in data:
            facts = {k: v for k, v in data.items() if k != "id" and not isinstance(v, (dict, list))}
            builder.place[str(data["id"])] = len(builder.facts)
            builder.facts.append({str(k): v for k, v in facts.items()})
    builder.closed = True
    for data in items:
        if "source" in data:
            weight = data.get("weight")
            builder.left |= {str(key) for key in data} - {"source", "target"} - _OF_LINKS
            builder.link(str(data["source"]), str(data["target"]), weight)


def _neighbours(builder: Builder, data: Mapping[str, Any]) -> Found:
    """Read a mapping from each node to its neighbours."""
    for key in data:
        builder.node(key)
    for key, others in data.items():
        for other in others:
            facts = others[other] if isinstance(others, dict) else {}
            if isinstance(other, (list, dict)):
                raise builder.text.error(f"the neighbours of {key!r} are no list of nodes")
            weight = facts.get("weight") if isinstance(facts, dict) else facts
            builder.link(key, str(other), weight)
    return builder.found("JSON adjacency", None)


def _records(builder: Builder, data: list[Any]) -> None:
    if not data:
        raise builder.text.error("lists no links")
    for place, item in enumerate(data):
        _link(builder, item, [], f"link {place + 1}")
