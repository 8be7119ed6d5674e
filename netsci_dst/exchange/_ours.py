"""Reading back what `export` wrote, without loss."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np

from ..errors import FormatError
from ..snapshots import Snapshot
from . import _parts
from .mat5 import read_mat5
from .npz import read_npz


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
    mark = f"# {_parts.KEY} ".encode()
    with path.open("rb") as file:
        if file.read(len(mark)) != mark:
            return None
        head, _, body = file.read().partition(b"\n")
    try:
        rows = list(csv.DictReader(io.StringIO(body.decode("utf-8"))))
        links: dict[str, dict[str, list[Any]]] = {}
        for row in rows:
            found = links.setdefault(row["layer"], {})
            for key, kind in (
                ("source", int),
                ("target", int),
                ("weight", float),
                ("multiplicity", int),
            ):
                if row[key] != "":
                    found.setdefault(key, []).append(kind(row[key]))
    except (UnicodeDecodeError, csv.Error, KeyError, ValueError, TypeError) as error:
        raise FormatError(f"{path} is corrupt: {error}") from error
    return _parts.assemble(head, links, origin=str(path))


def _graph(path: Path) -> Snapshot | None:
    import networkx as nx

    data = path.read_bytes()
    if _parts.KEY.encode() not in data:
        return None
    try:
        if path.suffix.lower() == ".graphml":
            graph = nx.parse_graphml(data.decode("utf-8"), node_type=int)
        elif path.suffix.lower() == ".gexf":
            graph = nx.read_gexf(io.BytesIO(data), node_type=int)
        else:
            graph = nx.node_link_graph(json.loads(data), edges="edges")
        header = graph.graph.get(_parts.KEY) or graph.nodes[0].get(_parts.KEY)
        if header is None:
            return None
        links, activity = _columns(graph)
    except (
        UnicodeDecodeError,
        ParseError,
        nx.NetworkXException,
        LookupError,
        ArithmeticError,
        ValueError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise FormatError(f"{path} is corrupt: {error}") from error
    return _parts.assemble(header, links, activity, origin=str(path))


def _columns(graph: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    links: dict[str, dict[str, list[Any]]] = {}
    place = {node: data["index"] for node, data in graph.nodes(data=True)}
    for u, v, data in graph.edges(data=True):
        found = links.setdefault(data["layer"], {"source": [], "target": []})
        found["source"].append(place[u])
        found["target"].append(place[v])
        for key in ("weight", "multiplicity"):
            if key in data:
                found.setdefault(key, []).append(data[key])
    # GEXF gives every link a weight of 1 when it has none; the header does not say, the links do.
    activity: dict[str, dict[str, dict[int, float]]] = {}
    for node, data in graph.nodes(data=True):
        for key, value in data.items():
            if key.startswith("activity_"):
                statistics = activity.setdefault(data["population"], {})
                statistics.setdefault(key.removeprefix("activity_"), {})[place[node]] = value
    return links, {
        name: {
            key: np.array([values[i] for i in range(len(values))], np.float32)
            for key, values in statistics.items()
        }
        for name, statistics in activity.items()
    }


def _npz(path: Path) -> Snapshot | None:
    arrays = read_npz(path)
    if _parts.KEY not in arrays:
        return None
    return _numbered(str(arrays[_parts.KEY]), arrays, "/", str(path))


def _mat(path: Path) -> Snapshot | None:
    with path.open("rb") as file:
        if b"MATLAB 5" not in file.read(116):
            return None
    arrays = read_mat5(path)
    if _parts.KEY not in arrays:
        return None
    flat = {k: v.ravel() for k, v in arrays.items() if k.startswith(("layer_", "activity_"))}
    return _numbered(str(arrays[_parts.KEY]), flat, "_", str(path))


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
    return _parts.assemble(text, links, activity, origin)


_READERS: dict[str, Callable[[Path], Snapshot | None]] = {
    ".csv": _csv,
    ".graphml": _graph,
    ".gexf": _graph,
    ".json": _graph,
    ".npz": _npz,
    ".mat": _mat,
}
