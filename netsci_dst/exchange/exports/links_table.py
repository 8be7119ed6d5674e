"""Links as CSV: names for a network, populations and indices for layers."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from ...snapshots import Snapshot
from ...topology import Layer, Topology
from . import parts


def edgelist(snapshot: Snapshot) -> bytes:
    """Return a line per link below one comment line, which holds what links do not say."""
    topology = snapshot.topology
    text = io.StringIO(newline="")
    text.write(f"# {parts.KEY} {parts.header(snapshot)}\n")
    # Some versions of Python leave a carriage return alone without quotes.
    odd = any("\r" in label for label in topology.node_labels)
    quoting = csv.QUOTE_NONNUMERIC if odd else csv.QUOTE_MINIMAL
    writer = csv.writer(text, lineterminator="\n", quoting=quoting)
    (_layers if topology.is_layered else _network)(writer, topology)
    return text.getvalue().encode()


def _network(writer: Any, topology: Topology) -> None:
    layer, labels = topology.layers[0], topology.node_labels
    known = [key for key in ("weight", "multiplicity") if key in parts.columns(layer)]
    writer.writerow(["source", "target", *known])
    for u, v, *values in zip(*_lists(layer, known), strict=True):
        writer.writerow([labels[u], labels[v], *values])


def _layers(writer: Any, topology: Topology) -> None:
    keys = ["weight", "multiplicity"]
    names = ["source_population", "source", "target_population", "target", "layer"]
    writer.writerow([*names, *keys])
    for layer in topology.layers:
        for u, v, *values in zip(*_lists(layer, keys), strict=True):
            writer.writerow([layer.source, u, layer.target, v, layer.name, *values])


def _lists(layer: Layer, keys: list[str]) -> list[list[Any]]:
    found = parts.columns(layer)
    return [
        found[key].tolist() if key in found else [""] * layer.n_links
        for key in ("source", "target", *keys)
    ]


def links_back(head: Mapping[str, Any], body: str) -> dict[str, dict[str, list[Any]]]:
    """Return the columns of each layer that `edgelist` wrote."""
    rows = csv.DictReader(io.StringIO(body, newline=""))
    links: dict[str, dict[str, list[Any]]] = {}
    place: Mapping[str, int] | None = None
    if "layer" not in (rows.fieldnames or ()):
        _, size, *_, names, _ = head["populations"][0]
        place = {name: i for i, name in enumerate(names or map(str, range(size)))}
    kinds = {"weight": float, "multiplicity": int}
    for row in rows:
        name = head["layers"][0][0] if place is not None else row["layer"]
        found = links.setdefault(name, {"source": [], "target": []})
        for end in ("source", "target"):
            found[end].append(int(row[end]) if place is None else place[row[end]])
        for key, kind in kinds.items():
            if row.get(key):
                found.setdefault(key, []).append(kind(row[key]))
    return links
