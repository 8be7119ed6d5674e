"""A snapshot taken apart into a JSON header and flat columns, and put together again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, NetsciError
from ..snapshots import FORMAT_VERSION, Snapshot
from ..topology import Dense, Layer, Population, Topology

KEY = "netsci_dst"


def header(snapshot: Snapshot) -> str:
    """Return all of a snapshot but its links and activity, as JSON."""
    topology = snapshot.topology
    return json.dumps(
        {
            "format": FORMAT_VERSION,
            "step": int(snapshot.step),
            "epoch": float(snapshot.epoch),
            "extra": dict(snapshot.extra),
            "populations": [
                [p.name, p.size, p.role, p.combine, p.shape] for p in topology.populations
            ],
            "layers": [[k.name, k.source, k.target, k.directed] for k in topology.layers],
            "dense": [[d.name, d.source, d.target] for d in topology.dense],
            "skips": [list(pair) for pair in topology.skips],
        }
    )


def columns(layer: Layer) -> dict[str, NDArray[Any]]:
    """Return source and target (indices in their populations), weight and multiplicity."""
    found = {
        "source": layer.sources,
        "target": layer.indices,
        "weight": layer.weights,
        "multiplicity": layer.multiplicity,
    }
    return {key: values for key, values in found.items() if values is not None}


def assemble(
    text: Any,
    links: Mapping[str, Mapping[str, Any]],
    activity: Mapping[str, Mapping[str, NDArray[np.float32]]] | None = None,
    origin: str = "file",
) -> Snapshot:
    """Put a snapshot together from its header and, per layer, its columns.

    Raises
    ------
    FormatError
        If the parts contradict each other or come from a newer version of this package.
    """
    try:
        head = json.loads(text)
        if head["format"] > FORMAT_VERSION:
            raise FormatError(
                f"{origin} has format version {head['format']}; this netsci-dst reads up to "
                f"{FORMAT_VERSION}: install a newer one"
            )
        populations = tuple(
            Population(name, size, role, combine, None if shape is None else tuple(shape))
            for name, size, role, combine, shape in head["populations"]
        )
        sizes = {p.name: p.size for p in populations}
        layers = []
        for name, source, target, directed in head["layers"]:
            found = links.get(name, {"source": [], "target": []})
            layers.append(
                Layer.from_links(
                    name,
                    source,
                    target,
                    (sizes[source], sizes[target]),
                    found["source"],
                    found["target"],
                    found.get("weight"),
                    found.get("multiplicity"),
                    directed,
                )
            )
        unknown = set(links) - {entry[0] for entry in head["layers"]}
        if unknown:
            raise FormatError(f"links of an unknown layer {sorted(unknown)[0]!r}")
        topology = Topology(
            populations,
            tuple(layers),
            tuple(Dense(*entry) for entry in head["dense"]),
            tuple((a, b) for a, b in head["skips"]),
        )
        return Snapshot(topology, head["step"], head["epoch"], activity or {}, head["extra"])
    except (NetsciError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        if isinstance(error, FormatError) and origin in str(error):
            raise
        raise FormatError(f"{origin} is corrupt: {error}") from error
