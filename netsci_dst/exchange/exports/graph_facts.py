"""A snapshot as a networkx graph whose texts every XML reader takes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from ...snapshots import Snapshot

# XML has no way to write these; the header keeps them for our own reader.
_UNWRITABLE = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAKEN = ("parents", "viz", "start", "end", "slices", "spells", "pid", "for", "id", "label", "key")


def writable(text: str) -> str:
    """Return a text without characters that XML cannot hold, a mark in the place of each.

    Examples
    --------
    >>> writable("a" + chr(0) + "b")
    'a�b'
    """
    return _UNWRITABLE.sub("\ufffd", text)


def different(names: Iterable[str]) -> list[str]:
    """Return writable names, all different and none empty."""
    found: dict[str, None] = {}
    for name in names:
        plain = writable(name).strip() or "_"
        spelt, i = plain, 1
        while spelt in found:
            spelt, i = f"{plain}_{i}", i + 1
        found[spelt] = None
    return list(found)


def graph_of(snapshot: Snapshot, taken: Sequence[str] = _TAKEN) -> Any:
    """Return the networkx graph of a snapshot with names, attributes, activity."""
    graph = snapshot.to_networkx()
    _add_activity(graph, snapshot)
    keys = dict.fromkeys(key for _, data in graph.nodes(data=True) for key in data)
    spelt = dict(zip(keys, different(f"{key}_" if key in taken else key for key in keys)))
    for _, data in graph.nodes(data=True):
        facts = {spelt[key]: _plain(value) for key, value in data.items() if _is_plain(value)}
        data.clear()
        data.update(facts)
    layers = snapshot.topology.layers
    names = dict(zip((layer.name for layer in layers), different(layer.name for layer in layers)))
    for *_, data in graph.edges(data=True):
        if "layer" in data:
            data["layer"] = names[data["layer"]]
    return graph


def _add_activity(graph: Any, snapshot: Snapshot) -> None:
    offsets = snapshot.topology.offsets
    for population, statistics in snapshot.activity.items():
        if population in offsets:
            for key, values in statistics.items():
                for i, value in enumerate(values.tolist()):
                    graph.nodes[offsets[population] + i][f"activity_{key}"] = value


def _plain(value: Any) -> Any:
    return writable(value) if isinstance(value, str) else value


def _is_plain(value: Any) -> bool:
    """Leave out infinity, which JSON and most programs cannot read, and integers beyond Java's."""
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or abs(value) < 2**63
