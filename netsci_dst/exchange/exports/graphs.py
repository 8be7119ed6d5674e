"""Graph files: GraphML, GEXF, JSON as networkx's node-link, GML."""

from __future__ import annotations

import io
import json
import re
from typing import Any

from ...snapshots import Snapshot
from . import parts
from .graph_facts import graph_of


def graphml(snapshot: Snapshot) -> bytes:
    """Return GraphML; names are the attribute ``name``."""
    import networkx as nx

    graph = graph_of(snapshot, ())
    graph.graph[parts.KEY] = parts.header(snapshot)
    buffer = io.BytesIO()
    nx.write_graphml_xml(graph, buffer)
    return buffer.getvalue()


def gexf(snapshot: Snapshot) -> bytes:
    """Return GEXF; names are labels."""
    import networkx as nx

    graph = graph_of(snapshot)
    for _, data in graph.nodes(data=True):
        if "name" in data and snapshot.topology.is_layered is False:
            data["label"] = data.pop("name")
    if graph.number_of_nodes():
        # GEXF has no attributes of the whole graph.
        graph.nodes[0][parts.KEY] = parts.header(snapshot)
    buffer = io.BytesIO()
    nx.write_gexf(graph, buffer)
    return buffer.getvalue()


def node_link(snapshot: Snapshot) -> bytes:
    """Return JSON of nodes and edges as networkx writes it."""
    import networkx as nx

    graph = graph_of(snapshot)
    graph.graph[parts.KEY] = parts.header(snapshot)
    return json.dumps(nx.node_link_data(graph, edges="edges")).encode()


def gml(snapshot: Snapshot) -> bytes:
    """Return GML in ASCII; characters beyond it are numbered entities, as GML wants."""
    graph = graph_of(snapshot)
    lines = ["graph [", f"  directed {int(graph.is_directed())}"]
    for node, data in graph.nodes(data=True):
        facts = {"id": node, "label": data.get("name", str(node)), **data}
        lines += ["  node [", *_gml_facts(facts), "  ]"]
    for u, v, data in graph.edges(data=True):
        lines += ["  edge [", *_gml_facts({"source": u, "target": v, **data}), "  ]"]
    return "\n".join([*lines, "]", ""]).encode("ascii")


def _gml_facts(facts: dict[str, Any]) -> list[str]:
    found: dict[str, str] = {}
    for key, value in facts.items():
        spelt = re.sub(r"[^A-Za-z0-9]", "", key)
        spelt = spelt if spelt[:1].isalpha() else f"a{spelt}"
        if spelt in found or (key == "name" and "label" in found):
            continue
        found[spelt] = _gml_value(value)
    return [f"    {key} {value}" for key, value in found.items()]


def _gml_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (int, float)):
        return repr(value)
    escaped = value.replace("&", "&amp;").replace('"', "&quot;")
    return '"' + "".join(c if " " <= c <= "~" else f"&#{ord(c)};" for c in escaped) + '"'
