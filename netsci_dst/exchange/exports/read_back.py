"""Reading back what `export` wrote, without loss."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FormatError
from ...reading import reading
from ...snapshots import Snapshot
from ..mat5 import read_mat5
from ..npz import read_npz
from . import parts
from .graph_facts import different
from .links_table import links_back


def read_ours(path: Path) -> Snapshot | None:
    """Return the snapshot in a file that `export` wrote, or None when the file is another's.

    Raises
    ------
    FormatError
        If the file names itself ours but contradicts itself.
    """
    reader = _READERS.get(path.suffix.lower())
    return reader(path) if reader else None


def _csv(path: Path) -> Snapshot | None:
    mark = f"# {parts.KEY} ".encode()
    with path.open("rb") as file:
        if file.read(len(mark)) != mark:
            return None
        head, _, body = file.read().partition(b"\n")
    with reading(path):
        links = links_back(json.loads(head), body.decode("utf-8"))
    return parts.assemble(head, links, origin=str(path))


def _graph(path: Path) -> Snapshot | None:
    import networkx as nx

    data = path.read_bytes()
    if parts.KEY.encode() not in data:
        return None
    with reading(path):
        if path.suffix.lower() == ".graphml":
            graph = nx.parse_graphml(data.decode("utf-8"), node_type=int)
        elif path.suffix.lower() == ".gexf":
            graph = nx.read_gexf(io.BytesIO(data), node_type=int)
        else:
            graph = nx.node_link_graph(json.loads(data), edges="edges")
        header = graph.graph.get(parts.KEY) or graph.nodes[0].get(parts.KEY)
        if header is None:
            return None
        links, activity = _columns(graph, json.loads(header))
    return parts.assemble(header, links, activity, origin=str(path))


def _columns(graph: Any, head: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the links of each layer and the activity of each population."""
    spans = _spans(head)
    names = [entry[0] for entry in head["layers"]]
    layers = dict(zip(different(names), names))
    first = {name: start for name, (start, _) in spans.items()}
    ends = {entry[0]: (first[entry[1]], first[entry[2]]) for entry in head["layers"]}
    links: dict[str, dict[str, list[Any]]] = {}
    for u, v, data in graph.edges(data=True):
        name = layers[data["layer"]] if "layer" in data else names[0]
        found = links.setdefault(name, {"source": [], "target": []})
        found["source"].append(u - ends[name][0])
        found["target"].append(v - ends[name][1])
        for key in ("weight", "multiplicity"):
            if key in data:
                found.setdefault(key, []).append(data[key])
    return links, {name: _activity(graph, *span) for name, span in spans.items()}


def _spans(head: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """Return where the nodes of each population begin in the graph, and how many there are."""
    touched = {end for _, source, target, _ in head["layers"] for end in (source, target)}
    spans, start = {}, 0
    for name, size, *_ in head["populations"]:
        if name in touched:
            spans[name] = (start, size)
            start += size
    return spans


def _activity(graph: Any, start: int, size: int) -> dict[str, Any]:
    keys = [k for k in graph.nodes[start] if k.startswith("activity_")] if start in graph else []
    return {
        key.removeprefix("activity_"): np.array(
            [graph.nodes[start + i][key] for i in range(size)], np.float32
        )
        for key in keys
    }


def _npz(path: Path) -> Snapshot | None:
    arrays = read_npz(path)
    if parts.KEY not in arrays:
        return None
    return _numbered(str(arrays[parts.KEY]), arrays, "/", str(path))


def _mat(path: Path) -> Snapshot | None:
    with path.open("rb") as file:
        if b"MATLAB 5" not in file.read(116):
            return None
    arrays = read_mat5(path)
    if parts.KEY not in arrays:
        return None
    flat = {k: v.ravel() for k, v in arrays.items() if k.startswith(("layer_", "activity_"))}
    return _numbered(str(arrays[parts.KEY]), flat, "_", str(path))


def _numbered(text: str, arrays: Mapping[str, Any], separator: str, origin: str) -> Snapshot:
    try:
        head = json.loads(text)
        names = [entry[0] for entry in head["layers"]]
        populations = [entry[0] for entry in head["populations"]]
        form = re.compile(rf"(layer|activity){separator}(\d+){separator}(\w+)")
        links: dict[str, dict[str, Any]] = {}
        activity: dict[str, dict[str, Any]] = {}
        for key, values in arrays.items():
            match = form.fullmatch(key)
            if match and match[1] == "layer":
                links.setdefault(names[int(match[2]) - 1], {})[match[3]] = values
            elif match:
                place = activity.setdefault(populations[int(match[2]) - 1], {})
                place[match[3]] = values.astype(np.float32)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise FormatError(f"{origin} is corrupt: {error}") from error
    return parts.assemble(text, links, activity, origin)


_READERS: dict[str, Callable[[Path], Snapshot | None]] = {
    ".csv": _csv,
    ".graphml": _graph,
    ".gexf": _graph,
    ".json": _graph,
    ".npz": _npz,
    ".mat": _mat,
}
