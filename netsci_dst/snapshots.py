"""A snapshot: the topology at one step, with what the neurons did, as one safetensors file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import member_tensors
from .errors import FormatError, TopologyError
from .limits import check_size
from .reading import reading
from .topology import Dense, Layer, Population, Topology

if TYPE_CHECKING:
    import igraph
    import networkx
    import scipy.sparse

FORMAT_VERSION = 1
_HEADER = "netsci_dst"


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A topology at one training step.

    Attributes
    ----------
    topology
        Populations and layers.
    step, epoch
        When it was taken: optimizer steps and (fractional) epochs since the start; an epoch of
        unknown length is NaN.
    activity
        Per population, statistics of its neurons on the probe batch: ``mean_abs`` is E|h_i|,
        ``positive`` the share of samples with h_i > 0; each float32 of shape ``(size,)``.
    extra
        Small JSON-compatible facts, such as the update's statistics or where it was imported from.

    Examples
    --------
    >>> import numpy as np
    >>> from netsci_dst import Topology
    >>> snapshot = Snapshot(Topology.chain([np.eye(4)]), step=100, epoch=0.5)
    >>> snapshot.step, snapshot.topology.n_links
    (100, 4)
    """

    topology: Topology
    step: int = 0
    epoch: float = 0.0
    activity: Mapping[str, Mapping[str, NDArray[np.float32]]] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.step < 0 or np.isinf(self.epoch):
            raise TopologyError("a snapshot needs a step of at least 0 and a finite epoch")
        for name, statistics in self.activity.items():
            size = self.topology.population(name).size
            for key, values in statistics.items():
                if np.shape(values) != (size,):
                    raise TopologyError(
                        f"activity {key!r} of {name!r} has shape {np.shape(values)}, not ({size},)"
                    )

    def to_networkx(self) -> networkx.Graph[Any]:
        """See `Topology.to_networkx`."""
        return self.topology.to_networkx()

    def to_igraph(self) -> igraph.Graph:
        """See `Topology.to_igraph`."""
        return self.topology.to_igraph()

    def to_scipy(self) -> scipy.sparse.csr_array:
        """See `Topology.to_scipy`."""
        return self.topology.to_scipy()

    def __repr__(self) -> str:
        return f"Snapshot(step={self.step}, epoch={self.epoch:g}, {self.topology!r})"


def to_bytes(snapshot: Snapshot, weights: bool = True) -> bytes:
    """Encode a snapshot; a link costs 2 or 4 bytes for its target and 4 for its weight.

    Rows are stored as degrees and every integer in the smallest type that holds it; a full layer
    lists no targets.
    """
    from safetensors.numpy import save

    tensors: dict[str, NDArray[Any]] = {}
    layers = []
    for i, layer in enumerate(snapshot.topology.layers):
        full = layer.directed and layer.n_links == layer.shape[0] * layer.shape[1]
        tensors[f"layers/{i}/degrees"] = _smallest(layer.out_degrees)
        if not full:
            tensors[f"layers/{i}/targets"] = _smallest(layer.indices, layer.shape[1] - 1)
        if weights and layer.weights is not None:
            tensors[f"layers/{i}/weights"] = layer.weights
        if layer.multiplicity is not None:
            tensors[f"layers/{i}/multiplicity"] = _smallest(layer.multiplicity)
        layers.append(
            {
                "name": layer.name,
                "source": layer.source,
                "target": layer.target,
                "directed": layer.directed,
                "full": full,
            }
        )
    for i, population in enumerate(snapshot.topology.populations):
        tensors |= member_tensors.encode(i, population)
        for key, values in snapshot.activity.get(population.name, {}).items():
            tensors[f"activity/{i}/{key}"] = np.ascontiguousarray(values, dtype=np.float32)
    header = {
        "format": FORMAT_VERSION,
        "kind": "snapshot",
        "step": int(snapshot.step),
        "epoch": known_epoch(snapshot.epoch),
        "populations": [
            {"name": p.name, "size": p.size, "role": p.role, "combine": p.combine, "shape": p.shape}
            | ({"attributes": list(p.attributes)} if p.attributes else {})
            for p in snapshot.topology.populations
        ],
        "layers": layers,
        "dense": [[d.name, d.source, d.target] for d in snapshot.topology.dense],
        "skips": [list(pair) for pair in snapshot.topology.skips],
        "extra": dict(snapshot.extra),
    }
    return save(tensors, metadata={_HEADER: json.dumps(header, allow_nan=False)})


def known_epoch(epoch: float) -> float | None:
    """Return an epoch as JSON can hold it: None where it is unknown (NaN)."""
    return None if np.isnan(epoch) else float(epoch)


def read_epoch(value: float | None) -> float:
    """Return an epoch that `known_epoch` gave."""
    return float("nan") if value is None else float(value)


def from_bytes(data: bytes, origin: str = "snapshot") -> Snapshot:
    """Decode a snapshot.

    Raises
    ------
    FormatError
        If the bytes are not a snapshot, are truncated, contradict themselves, or were written by a
        newer version of this package.
    """
    header, tensors = _read_safetensors(data, origin)
    version = header.get("format")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise FormatError(f"{origin} states no format version: it is not a snapshot")
    if version > FORMAT_VERSION:
        raise FormatError(
            f"{origin} has format version {version}; this netsci-dst reads up to "
            f"{FORMAT_VERSION}: install a newer one"
        )
    with reading(origin):
        populations = tuple(
            Population(
                p["name"],
                p["size"],
                p["role"],
                p["combine"],
                None if p["shape"] is None else tuple(p["shape"]),
                **member_tensors.decode(i, p["size"], p.get("attributes", []), tensors),
            )
            for i, p in enumerate(header["populations"])
        )
        sizes = {p.name: p.size for p in populations}
        _check_sizes(header["layers"], sizes, len(data), origin)
        layers = tuple(
            _decode_layer(i, entry, sizes, tensors) for i, entry in enumerate(header["layers"])
        )
        topology = Topology(
            populations,
            layers,
            tuple(Dense(*entry) for entry in header["dense"]),
            tuple((a, b) for a, b in header["skips"]),
        )
        activity: dict[str, dict[str, NDArray[np.float32]]] = {}
        for name, values in tensors.items():
            if name.startswith("activity/"):
                _, i, key = name.split("/", 2)
                activity.setdefault(populations[int(i)].name, {})[key] = values
        return Snapshot(
            topology, header["step"], read_epoch(header["epoch"]), activity, header["extra"]
        )


def _check_sizes(layers: Any, sizes: Mapping[str, int], file_size: int, origin: str) -> None:
    """Refuse full layers whose links, which the file need not list, would take too much."""
    asked = 0
    for entry in layers:
        n_source, n_target = sizes[entry["source"]], sizes[entry["target"]]
        asked += 8 * n_source + 12 * n_source * n_target * bool(entry["full"])
    check_size(asked, file_size, origin)


def _decode_layer(
    i: int, entry: Mapping[str, Any], sizes: Mapping[str, int], tensors: Mapping[str, NDArray[Any]]
) -> Layer:
    shape = (sizes[entry["source"]], sizes[entry["target"]])
    degrees = tensors[f"layers/{i}/degrees"]
    if degrees.dtype.kind != "u" or degrees.shape != (shape[0],):
        raise TopologyError(f"layer {entry['name']!r} has degrees of the wrong form")
    indptr = np.zeros(shape[0] + 1, dtype=np.int64)
    np.cumsum(degrees, out=indptr[1:], dtype=np.int64)
    if entry["full"]:
        if (degrees != shape[1]).any():
            raise TopologyError(f"layer {entry['name']!r} says it is full but is not")
        targets: NDArray[Any] = np.tile(np.arange(shape[1], dtype=np.int32), shape[0])
    else:
        targets = tensors[f"layers/{i}/targets"]
        if targets.dtype.kind != "u" or targets.ndim != 1:
            raise TopologyError(f"layer {entry['name']!r} has targets of the wrong form")
    return Layer(
        entry["name"],
        entry["source"],
        entry["target"],
        shape,
        indptr,
        # A number beyond int32 is caught as out of range, not wrapped around.
        np.minimum(targets.astype(np.int64), np.iinfo(np.int32).max).astype(np.int32),
        tensors.get(f"layers/{i}/weights"),
        tensors.get(f"layers/{i}/multiplicity"),
        entry["directed"],
    )


def _read_safetensors(data: bytes, origin: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    from safetensors.numpy import load

    with reading(origin, "a readable safetensors file"):
        tensors = load(data)
        length = int.from_bytes(data[:8], "little")
        metadata = json.loads(data[8 : 8 + length]).get("__metadata__") or {}
    if _HEADER not in metadata:
        raise FormatError(f"{origin} is a safetensors file, but not a netsci-dst snapshot")
    with reading(origin):
        header = json.loads(metadata[_HEADER])
    if not isinstance(header, dict) or header.get("kind") != "snapshot":
        raise FormatError(f"{origin} is not a netsci-dst snapshot")
    return header, tensors


def _smallest(values: NDArray[Any], largest: int | None = None) -> NDArray[Any]:
    top = int(values.max(initial=0)) if largest is None else largest
    kind = np.uint8 if top < 2**8 else np.uint16 if top < 2**16 else np.uint32
    return np.ascontiguousarray(values, dtype=kind)
