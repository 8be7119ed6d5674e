"""A snapshot taken apart into a JSON header and flat columns, and put together again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ...reading import reading
from ...snapshots import FORMAT_VERSION, Snapshot
from ...topology import Dense, Layer, Population, Topology

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
                [p.name, p.size, p.role, p.combine, p.shape, p.names, _attributes(p)]
                for p in topology.populations
            ],
            "layers": [[k.name, k.source, k.target, k.directed] for k in topology.layers],
            "dense": [[d.name, d.source, d.target] for d in topology.dense],
            "skips": [list(pair) for pair in topology.skips],
        }
    )


def _attributes(population: Population) -> dict[str, list[Any]]:
    """Return kind and values of each attribute; None where there is no value."""
    return {
        key: [
            values.dtype.kind,
            [None if isinstance(v, float) and v != v else v for v in values.tolist()],
        ]
        for key, values in population.attributes.items()
    }


def _column(kind: str, values: list[Any], size: int) -> NDArray[Any]:
    if kind == "O":
        return np.fromiter(values, dtype=object, count=size)
    if kind == "f":
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return np.array(values, dtype={"i": np.int64, "b": np.bool_}[kind])


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
    with reading(origin):
        head = json.loads(text)
        if head["format"] > FORMAT_VERSION:
            raise FormatError(
                f"{origin} has format version {head['format']}; this netsci-dst reads up to "
                f"{FORMAT_VERSION}: install a newer one"
            )
        populations = tuple(
            Population(
                name,
                size,
                role,
                combine,
                None if shape is None else tuple(shape),
                names,
                {key: _column(*stored, size) for key, stored in attributes.items()},  # type: ignore[call-arg]
            )
            for name, size, role, combine, shape, names, attributes in head["populations"]
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
